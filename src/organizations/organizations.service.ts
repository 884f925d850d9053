import { Injectable } from '@nestjs/common'
import { uuidv7 } from 'uuidv7'
import {
  type Caller,
  MembershipLevel,
  type OrganizationCaller,
  ProductFeatures,
  UsersDirectory,
} from '../auth/index.js'
import { MembersService } from '../members/index.js'
import { Config } from '../platform/config/config.js'
import { Database, type Queryable, type Transaction } from '../platform/database/database.js'
import { fieldError } from '../platform/http/fields.js'
import { notFound } from '../platform/http/http.errors.js'
import type { Page, PageRequest } from '../platform/http/pagination.js'
import { ProjectsService } from '../projects/index.js'
import type {
  BasicOrganizationView,
  CreateOrganization,
  OrganizationSettings,
  OrganizationView,
  UpdateOrganization,
} from './organization.dto.js'
import { Organization } from './organization.entity.js'
import { alreadyBeingDeleted, gates, notBeingDeleted } from './organization.errors.js'
import {
  organizationCreated,
  organizationDeleted,
  organizationRestored,
  organizationUpdated,
} from './organization.events.js'
import {
  basicOrganizations,
  organizationCount,
  organizationPages,
  organizationSearchCount,
  organizationSearches,
  organizationView,
} from './organizations.queries.js'
import { slugOf, slugWithSuffix } from './slug.js'

/** What a caller asks of the list: `ordering` is one of the allowed ones, `search` null for all. */
export interface OrganizationFilter {
  search: string | null
  ordering: string
}

@Injectable()
export class OrganizationsService {
  private readonly productFeatures: string
  private readonly restoreDays: number

  constructor(
    private readonly database: Database,
    private readonly members: MembersService,
    private readonly projects: ProjectsService,
    private readonly users: UsersDirectory,
    private readonly features: ProductFeatures,
    config: Config,
  ) {
    this.restoreDays = config.get('ORGANIZATION_RESTORE_DAYS')
    this.productFeatures = JSON.stringify(features.list)
  }

  /** The caller's organizations, as far as their key reaches. */
  async list(
    caller: Caller,
    page: PageRequest,
    { search, ordering }: OrganizationFilter,
  ): Promise<Page<OrganizationView>> {
    const reach = [caller.user_id, caller.key.scoped_organizations]
    const values = [this.productFeatures, ...reach, page.limit, page.offset]
    const plain = search === null ? organizationPages[ordering] : undefined
    const [rows, [counted]] = await Promise.all([
      plain
        ? this.database.query(plain, values)
        : this.database.query(organizationSearches[ordering]!, [...values, search]),
      search === null
        ? this.database.query(organizationCount, reach)
        : this.database.query(organizationSearchCount, [...reach, search]),
    ])
    return page.answer(
      counted!.count,
      rows.map(({ view }) => view),
    )
  }

  /** Makes an organization with its first project; the caller owns it and it becomes their current one. */
  create(caller: Caller, organization: CreateOrganization): Promise<OrganizationView> {
    return this.database.transaction((tx) => this.found(tx, caller, organization))
  }

  /** The same within a transaction of the caller's, who may do without a first project. */
  async found(
    tx: Transaction,
    caller: Pick<Caller, 'user_id' | 'request_id'>,
    { name, ...settings }: CreateOrganization,
    { firstProject = 'Default project' }: { firstProject?: string | null } = {},
  ): Promise<OrganizationView> {
    this.refuseUnknownReferences(settings)
    const organization_id = uuidv7()
    await this.insertWithSlug(tx, { ...settings, id: organization_id, name })
    const anonymizeIps = settings.default_anonymize_ips ?? false
    const project_id = firstProject && (await this.projects.create(tx, organization_id, firstProject, anonymizeIps))
    await this.members.add(tx, organization_id, caller.user_id, MembershipLevel.Owner)
    await this.users.switchTo(tx, caller.user_id, organization_id, project_id || null)
    await tx.publish(organizationCreated({ ...caller, organization_id }, name))
    return this.view(tx, { ...caller, organization_id })
  }

  retrieve(caller: Pick<OrganizationCaller, 'organization_id' | 'user_id'>): Promise<OrganizationView> {
    return this.view(this.database, caller)
  }

  /** Changes what `changes` names. What already is as asked changes nothing, not even `updated_at`. */
  async update(caller: OrganizationCaller, changes: UpdateOrganization): Promise<OrganizationView> {
    this.refuseUnknownReferences(changes)
    return this.database.transaction(async (tx) => {
      const organization = await this.lock(tx, caller)
      const difference = differenceBetween(organization, changes)
      this.refuseGated(difference)
      if (Object.keys(difference).length > 0) {
        await tx.manager.update(Organization, { id: organization.id }, { ...changes, updated_at: () => 'now()' })
        await tx.publish(organizationUpdated(caller, difference))
      }
      return this.view(tx, caller)
    })
  }

  /** Marks the organization for deletion: from then on it can only be read or restored, until the purge. */
  async delete(caller: OrganizationCaller): Promise<void> {
    await this.database.transaction(async (tx) => {
      const organization = await this.lock(tx, caller)
      if (organization.deletion_requested_at) throw alreadyBeingDeleted()
      await tx.manager.update(Organization, { id: organization.id }, { deletion_requested_at: () => 'now()' })
      await tx.publish(organizationDeleted(caller))
    })
  }

  /** Brings back, whole, what `delete` marked, until its grace period is over. */
  async restore(
    caller: Pick<OrganizationCaller, 'organization_id' | 'user_id' | 'request_id'>,
  ): Promise<OrganizationView> {
    return this.database.transaction(async (tx) => {
      const organization = await this.lock(tx, caller)
      if (!organization.deletion_requested_at) throw notBeingDeleted()
      // The purge may have begun, and half an organization is not restored.
      if (await this.isOver(tx, organization)) throw notFound()
      await tx.manager.update(Organization, { id: organization.id }, { deletion_requested_at: null })
      await tx.publish(organizationRestored(caller))
      return this.view(tx, caller)
    })
  }

  /** A user's organizations in short, oldest first. */
  listBasic(userId: number): Promise<BasicOrganizationView[]> {
    return this.database.query(basicOrganizations, [userId])
  }

  private async view(
    on: Queryable,
    { organization_id, user_id }: Pick<OrganizationCaller, 'organization_id' | 'user_id'>,
  ) {
    const [row] = await on.query(organizationView, [this.productFeatures, organization_id, user_id])
    if (!row) throw notFound()
    return row.view
  }

  /** By the clock of the database, which is the purge's: two clocks could disagree on who comes first. */
  private async isOver(tx: Transaction, { id }: Organization): Promise<boolean> {
    const [{ over }] = await tx.manager.query(
      'select deletion_requested_at <= now() - make_interval(days => $2) as over from organizations where id = $1',
      [id, this.restoreDays],
    )
    return over
  }

  private async lock(tx: Transaction, caller: Pick<OrganizationCaller, 'organization_id'>): Promise<Organization> {
    const organization = await tx.lock(Organization, { id: caller.organization_id })
    if (!organization) throw notFound()
    return organization
  }

  /** Tries the name's own slug, then suffixes that grow, so that no number of namesakes runs out of slugs. */
  private async insertWithSlug(
    tx: Transaction,
    organization: Partial<Organization> & { id: string; name: string },
  ): Promise<void> {
    const first = slugOf(organization.name)
    for (let attempt = 0, slug = first; ; attempt++, slug = slugWithSuffix(first, 4 + Math.floor(attempt / 3))) {
      const free = await tx.manager.query(
        `select 1 where not exists (select 1 from organization_slugs where slug = $1)
           and pg_try_advisory_xact_lock(hashtextextended($1, 0))`,
        [slug],
      )
      if (free.length === 0) continue
      await tx.insert(Organization, { ...organization, slug })
      const taken = await tx.manager.query(
        'insert into organization_slugs (slug, organization_id) values ($1, $2) on conflict do nothing returning slug',
        [slug, organization.id],
      )
      if (taken.length > 0) return
      await tx.manager.delete(Organization, { id: organization.id })
    }
  }

  /** Media and roles do not exist yet, so nothing that refers to one can. */
  private refuseUnknownReferences(settings: OrganizationSettings): void {
    for (const field of ['logo_media_id', 'default_role_id'] as const) {
      if (settings[field]) throw fieldError(field, { constraint: 'doesNotExist', values: { value: settings[field] } })
    }
  }

  private refuseGated(difference: Record<string, unknown>): void {
    const gate = gates.find(({ field, feature }) => field in difference && !this.features.has(feature))
    if (gate) throw gate.refusal()
  }
}

function differenceBetween(before: Organization, changes: UpdateOrganization) {
  const stored = before as unknown as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(changes)
      .filter(([field, after]) => stored[field] !== after)
      .map(([field, after]) => [field, { before: stored[field], after }]),
  )
}
