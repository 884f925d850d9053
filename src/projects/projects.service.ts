import { Injectable } from '@nestjs/common'
import { randomBytes } from 'node:crypto'
import { uuidv7 } from 'uuidv7'
import { type Caller, type OrganizationCaller, PersonalKeyRule, personOf } from '../access/index.js'
import { Database } from '../platform/database/database.js'
import type { OrganizationActor } from '../platform/events/domain-event.js'
import type { NamedQuery } from '../platform/database/fast-path/named-query.js'
import type { Page, PageRequest } from '../platform/http/pagination.js'
import type { ProjectView } from './project.dto.js'
import { Project } from './project.entity.js'
import { projectCreated, projectTokenReset, projectUpdated } from './project.events.js'
import {
  newProject,
  takeProjectId,
  projectsOfOrganization,
  projectsOfUser,
  projectsOfUserSearched,
} from './projects.queries.js'

export interface NewProject {
  /** From {@link nextProjectId}. Not given: the next. */
  id?: number
  name: string
  anonymize_ips?: boolean
}

@Injectable()
export class ProjectsService {
  constructor(
    private readonly database: Database,
    private readonly personalKeys: PersonalKeyRule,
  ) {}

  /**
   * Adds a project. With an `id` that was taken before, it sends its statements at once.
   * @returns its id, which is its team's too
   */
  create(by: OrganizationActor, { id, name, anonymize_ips = false }: NewProject): Promise<number> {
    const { organization_id } = by
    return this.database.transaction(async (tx) => {
      const taken = id ?? (await tx.query(takeProjectId, []))[0]!.id
      tx.publish(projectCreated(by, { item_id: taken, payload: { name } }))
      await tx.query(newProject, [organization_id, taken, uuidv7(), name, newApiToken(), anonymize_ips])
      return taken
    }, by)
  }

  async rename(by: OrganizationActor, id: number, name: string): Promise<void> {
    const { organization_id } = by
    await this.database.transaction(async (tx) => {
      const project = await tx.lock(Project, { organization_id, id })
      if (!project || project.name === name) return
      await tx.manager.update(Project, { organization_id, id }, { name })
      tx.publish(projectUpdated(by, { item_id: id, changes: { name: { before: project.name, after: name } } }))
    }, by)
  }

  /** Gives the project a new token; the old one stops working. */
  async rotateToken(by: OrganizationActor, id: number): Promise<void> {
    const { organization_id } = by
    await this.database.transaction(async (tx) => {
      await tx.manager.update(Project, { organization_id, id }, { api_token: newApiToken() })
      tx.publish(projectTokenReset(by, { item_id: id }))
    }, by)
  }

  listOfOrganization(caller: OrganizationCaller, page: PageRequest, search: string | null): Promise<Page<ProjectView>> {
    return this.page(projectsOfOrganization, page, (limit, offset) => [caller.organization_id, limit, offset, search])
  }

  /** The projects of every organization that the caller's key reaches. */
  async listOfUser(caller: Caller, page: PageRequest, search: string | null): Promise<Page<ProjectView>> {
    const { credential } = caller
    const unaffected = await this.personalKeys.unaffected(caller)
    const reach = [personOf(caller).id, page.limit, page.offset, credential.organizations, unaffected]
    const rows =
      search === null
        ? await this.database.query(projectsOfUser, reach)
        : await this.database.query(projectsOfUserSearched, [...reach, search])
    const found = rows.filter(({ id }) => id !== null) as (ProjectView & { total: number })[]
    return page.answer(rows[0]!.total, found.map(withoutTotal))
  }

  /** A page past the end has no row that could carry the count, so the first row is asked for it. */
  private async page(
    query: NamedQuery<ProjectView & { total: number }>,
    page: PageRequest,
    values: (limit: number, offset: number) => unknown[],
  ): Promise<Page<ProjectView>> {
    const rows = await this.database.query(query, values(page.limit, page.offset))
    const counted = rows.length || !page.offset ? rows : await this.database.query(query, values(1, 0))
    return page.answer(counted[0]?.total ?? 0, rows.map(withoutTotal))
  }
}

const withoutTotal = ({ total: _total, ...project }: ProjectView & { total: number }): ProjectView => project

const newApiToken = (): string => `phc_${randomBytes(32).toString('base64url')}`
