import { Injectable } from '@nestjs/common'
import { uuidv7 } from 'uuidv7'
import {
  AccessCache,
  type Caller,
  type OrganizationCaller,
  personOf,
  refuseDeactivated,
  refusePendingDeletion,
} from '../access/index.js'
import { HookChain } from '../hooks/index.js'
import { UsersService } from '../identity/index.js'
import { MembersService } from '../members/index.js'
import { Config } from '../platform/config/config.js'
import { Database, type Queryable, type Transaction } from '../platform/database/database.js'
import { pagesByKey } from '../platform/database/pages-by-key.js'
import type { Actor, Changes, OrganizationActor } from '../platform/events/domain-event.js'
import { requireText } from '../platform/http/fields.js'
import { fieldError } from '../platform/http/validation.errors.js'
import { notFound } from '../platform/http/http.errors.js'
import { Json } from '../platform/http/json.js'
import type { Page, PageRequest } from '../platform/http/pagination.js'
import { NIL_UUID } from '../platform/values/stored-values.js'
import { ProjectsService } from '../projects/index.js'
import {
  type BasicOrganizationView,
  type CreateOrganization,
  MAX_NAME_LENGTH,
  type OrganizationView,
  type UpdateOrganization,
} from './organization.dto.js'
import { Organization } from './organization.entity.js'
import { differenceBetween, settingsOf } from './organization-changes.js'
import { OrganizationFeatures } from './organization-features.js'
import { OrganizationFields } from './organization-fields.js'
import { references, settingNames } from './organization-own-fields.js'
import { alreadyBeingDeleted, type Gate, notBeingDeleted } from './organization.errors.js'
import {
  organizationCreated,
  organizationDeleted,
  organizationRestored,
  organizationUpdated,
} from './organization.events.js'
import {
  basicOrganizations,
  changedFields,
  changedOrganization,
  changedSlug,
  type NewOrganization,
  newOrganization,
  newSlug,
  organizationsAfter,
  type OrganizationSummary,
  OrganizationQueries,
} from './organizations.queries.js'
import { slugOf, slugWithSuffix } from './slug.js'
import { organizationsSettings } from './organizations.settings.js'

/** The columns of an organization's row that change. */
type Changeable = Pick<Organization, 'id' | keyof UpdateOrganization>

/** The user who views an organization. */
type Reader = Pick<OrganizationActor, 'organization_id' | 'user'>

/** What a caller asks of the list: `ordering` are fields that it knows, with `-` before those turned round, `search` null for all. */
export interface OrganizationFilter {
  search: string | null
  ordering: readonly string[]
}

@Injectable()
export class OrganizationsService {
  private readonly restoreDays: number

  constructor(
    private readonly database: Database,
    private readonly members: MembersService,
    private readonly projects: ProjectsService,
    private readonly users: UsersService,
    private readonly access: AccessCache,
    private readonly features: OrganizationFeatures,
    private readonly fields: OrganizationFields,
    private readonly queries: OrganizationQueries,
    private readonly hooks: HookChain,
    config: Config,
  ) {
    this.restoreDays = config.of(organizationsSettings).ORGANIZATION_RESTORE_DAYS
  }

  /** The caller's organizations, as far as their key reaches. */
  async list(
    caller: Caller,
    page: PageRequest,
    { search, ordering }: OrganizationFilter,
  ): Promise<Json<Page<OrganizationView>>> {
    const reach = [personOf(caller).id, caller.credential.organizations, page.limit, page.offset]
    const { query, searches } = this.queries.page(ordering, search !== null)
    const rows = await this.database.query(query, searches ? [...reach, search] : reach)
    const { count } = rows[0]!
    const completed = await this.features.completing(() => rows.flatMap(({ view }) => view ?? []))
    // Taken out of the array that the promise holds, as in Json.take.
    const views = rows.splice(0).flatMap(({ view }) => (view === null ? [] : completed(view)))
    return page.answerJson(count, views)
  }

  /**
   * Makes an organization; the caller owns it and it becomes their current one.
   * @param firstProject the name of its first project; null: it has none yet
   */
  async create(
    by: Actor,
    organization: CreateOrganization,
    { firstProject = 'Default project' }: { firstProject?: string | null } = {},
  ): Promise<Json<OrganizationView>> {
    const { name, ...settings } = settingsOf(organization)
    const { id: user_id } = personOf(by)
    requireText('name', name, MAX_NAME_LENGTH)
    const custom = await this.fields.in(organization)
    this.refuseUnknownReferences(settings)
    const created = await this.database.transaction(
      async (tx) => {
        const organization_id = uuidv7()
        const actor = tx.for({ ...by, organization_id })
        await this.hooks.run('beforeCreate', tx, actor, organization)
        const made = await this.insertWithSlug(tx, organization_id, name)
        await this.members.askToFound(tx, actor, user_id)
        const anonymize_ips = settings.default_anonymize_ips ?? false
        const project = firstProject === null ? null : { id: made.project_id, name: firstProject, anonymize_ips }
        tx.publish(organizationCreated(actor, { item_id: organization_id, payload: { name } }))
        // The view includes the statements that were sent before it.
        const [view] = await tx.last(async () => {
          const written = [
            project && this.projects.create(actor, project),
            this.members.found(actor, user_id, made.created_at),
            Object.keys(settings).length > 0 && this.change(tx, made, settings),
            Object.keys(custom).length > 0 && this.changeFields(tx, made, custom),
            this.users.switchTo(tx, user_id, organization_id, project && project.id),
          ]
          return Promise.all([this.find(tx, actor), ...written])
        })
        return view
      },
      { user_id, tx: by.tx },
    )
    return this.complete(created)
  }

  async retrieve(caller: Reader): Promise<Json<OrganizationView>> {
    return this.complete(await this.find(this.database, caller))
  }

  /** Applies `changes`. Values that are already set change nothing, not even `updated_at`. */
  async update(caller: OrganizationCaller, changes: UpdateOrganization): Promise<Json<OrganizationView>> {
    const settings = settingsOf(changes)
    this.refuseUnknownReferences(settings)
    const custom = await this.fields.in(changes)
    const closed = await this.features.closedGates(caller.organization_id, settings)
    const changed = await this.database.transaction(async (tx) => {
      const organization = await this.lock(tx, caller)
      // It may have been deleted while this waited for it.
      refuseDeactivated(stateOf(organization))
      refusePendingDeletion(stateOf(organization))
      const own = differenceBetween(organization, settings)
      refuseGated(own, closed)
      const added = this.fields.difference(organization, custom)
      const difference = { ...own, ...added }
      if (Object.keys(difference).length === 0) return this.find(tx, caller)
      await this.hooks.run('beforeUpdate', tx, caller, difference)
      tx.publish(organizationUpdated(caller, { item_id: organization.id, changes: difference }))
      // The view includes the statements that were sent before it.
      const [view] = await tx.last(async () => {
        const written = [
          Object.keys(own).length > 0 && this.change(tx, organization, settings),
          Object.keys(added).length > 0 && this.changeFields(tx, organization, custom),
        ]
        return Promise.all([this.find(tx, caller), ...written])
      })
      return view
    }, caller)
    return this.complete(changed)
  }

  /** Marks the organization for deletion: from then on it can only be read or restored, until the purge. */
  async delete(caller: OrganizationCaller): Promise<void> {
    await this.database.transaction(async (tx) => {
      const organization = await this.lock(tx, caller)
      refuseDeactivated(stateOf(organization))
      if (organization.deletion_requested_at) throw alreadyBeingDeleted()
      await this.hooks.run('beforeDelete', tx, caller)
      this.access.forgetAfter(tx, `organization:${organization.id}`)
      await tx.manager.update(Organization, { id: organization.id }, { deletion_requested_at: () => 'now()' })
      tx.publish(organizationDeleted(caller, { item_id: organization.id }))
    }, caller)
  }

  /** Restores a deleted organization as a whole, until its grace period is over. */
  async restore(caller: OrganizationActor): Promise<Json<OrganizationView>> {
    const restored = await this.database.transaction(async (tx) => {
      const organization = await this.lock(tx, caller)
      if (!organization.deletion_requested_at) throw notBeingDeleted()
      // The purge may have begun: half an organization cannot be restored.
      if (await this.isOver(tx, organization)) throw notFound()
      await this.hooks.run('beforeRestore', tx, caller)
      this.access.forgetAfter(tx, `organization:${organization.id}`)
      await tx.manager.update(Organization, { id: organization.id }, { deletion_requested_at: null })
      tx.publish(organizationRestored(caller, { item_id: organization.id }))
      return this.find(tx, caller)
    }, caller)
    return this.complete(restored)
  }

  /** All organizations, page by page, in the order of their ids: these begin with the time of their creation. */
  all(): AsyncIterable<OrganizationSummary[]> {
    return pagesByKey(
      NIL_UUID,
      (after, limit) => this.database.query(organizationsAfter, [after, limit]),
      ({ id }) => id,
    )
  }

  /** A user's organizations in short, oldest first. */
  listBasic(userId: number): Promise<BasicOrganizationView[]> {
    return this.database.query(basicOrganizations, [userId])
  }

  /** Without its product features. */
  private async find(on: Queryable, { organization_id, user }: Reader): Promise<string> {
    const [row] = await on.query(this.queries.view, [organization_id, user?.id ?? null])
    if (!row) throw notFound()
    return row.view
  }

  /** After the transaction, as it may ask another service. */
  private async complete(view: string): Promise<Json<OrganizationView>> {
    const completed = await this.features.completing(() => [view])
    return completed(view)
  }

  /** By the clock of the database, which is the purge's: two clocks could disagree on who comes first. */
  private async isOver(tx: Transaction, { id }: Organization): Promise<boolean> {
    const [row] = await tx.manager.query<{ over: boolean }[]>(
      'select deletion_requested_at <= now() - make_interval(days => $2) as over from organizations where id = $1',
      [id, this.restoreDays],
    )
    return row!.over
  }

  private async lock(tx: Transaction, caller: Pick<OrganizationCaller, 'organization_id'>): Promise<Organization> {
    const organization = await tx.lock(Organization, { id: caller.organization_id })
    if (!organization) throw notFound()
    return organization
  }

  /** Tries the name's own slug, then suffixes that grow, so that no number of namesakes runs out of slugs. */
  private async insertWithSlug(tx: Transaction, id: string, name: string): Promise<NewOrganization> {
    const first = await slugOf(name)
    const [[organization], [isTaken]] = await Promise.all([
      tx.query(newOrganization, [id, name, first]),
      tx.query(newSlug, [id, first]),
    ])
    for (let attempt = 0, taken = isTaken; !taken; attempt++) {
      const slug = slugWithSuffix(first, 4 + Math.floor(attempt / 3))
      ;[[taken]] = await Promise.all([tx.query(newSlug, [id, slug]), tx.query(changedSlug, [id, slug])])
    }
    return organization!
  }

  private async change(tx: Transaction, organization: Changeable, changes: UpdateOrganization): Promise<void> {
    const changed = { ...organization, ...changes }
    // The cache keeps this setting, and the name, which the refusal shows.
    if (!organization.members_can_use_personal_api_keys || !changed.members_can_use_personal_api_keys)
      this.access.forgetAfter(tx, `organization:${organization.id}`)
    await tx.query(changedOrganization, [organization.id, ...settingNames.map((field) => changed[field])])
  }

  private async changeFields(tx: Transaction, { id }: { id: string }, values: Record<string, unknown>): Promise<void> {
    await tx.query(changedFields, [id, JSON.stringify(values)])
  }

  /** Media and roles do not exist yet, so nothing that refers to one can. */
  private refuseUnknownReferences(settings: UpdateOrganization): void {
    for (const field of references) {
      const value = settings[field]
      if (value) throw fieldError(field, { constraint: 'doesNotExist', values: { value: String(value) } })
    }
  }
}

function refuseGated(difference: Changes, closed: readonly Gate[]): void {
  const gate = closed.find(({ field }) => field in difference)
  if (gate) throw gate.refusal()
}

const stateOf = ({ is_active, is_not_active_reason, deletion_requested_at }: Organization) => ({
  is_active,
  is_not_active_reason,
  is_pending_deletion: deletion_requested_at !== null,
})
