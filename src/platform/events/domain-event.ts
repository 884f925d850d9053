/** Something that happened in an organization, announced with the change itself. Never holds a secret that could be read. */
export interface DomainEvent {
  /** `<resource>.<what happened>`, past tense: `organization.updated`. */
  readonly type: string
  readonly organization_id: string
  readonly payload: Record<string, unknown>
}
