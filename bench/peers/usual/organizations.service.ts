import { ForbiddenException, Injectable, NotFoundException } from '@nestjs/common'
import { InjectRepository } from '@nestjs/typeorm'
import { randomBytes, randomUUID } from 'node:crypto'
import { slugify } from 'transliteration'
import { DataSource, type EntityManager, Repository } from 'typeorm'
import {
  Integration,
  Membership,
  Organization,
  OrganizationSlug,
  OutboxEvent,
  Project,
  User,
  UserOrganization,
} from './entities.ts'
import { toIntegrationView, toView } from './organization.view.ts'

const relations = { projects: true, memberships: { user: true } }

@Injectable()
export class OrganizationsService {
  constructor(
    @InjectRepository(Organization) private readonly organizations: Repository<Organization>,
    @InjectRepository(Membership) private readonly memberships: Repository<Membership>,
    @InjectRepository(Integration) private readonly integrations: Repository<Integration>,
    private readonly dataSource: DataSource,
  ) {}

  async findAll(user: User, limit: number, offset: number) {
    const [memberships, count] = await this.memberships.findAndCount({
      where: { user_id: user.id },
      relations: { organization: relations },
      order: { organization: { created_at: 'ASC', id: 'ASC' } },
      take: limit,
      skip: offset,
    })
    return { count, results: memberships.map(({ organization }) => toView(organization, user.id)) }
  }

  async findOne(user: User, id: string) {
    await this.membershipOf(user, id)
    const organization = await this.organizations.findOne({ where: { id }, relations })
    if (!organization) throw new NotFoundException()
    return toView(organization, user.id)
  }

  create(user: User, name: string) {
    return this.dataSource.transaction(async (manager) => {
      const slug = slugify(name, { lowercase: true })
      const { id, created_at } = await manager.save(Organization, { id: randomUUID(), name, slug })
      await manager.save(OrganizationSlug, { slug, organization_id: id })
      const api_token = `phc_${randomBytes(32).toString('base64url')}`
      const project = await manager.save(
        Project,
        manager.create(Project, { organization_id: id, uuid: randomUUID(), name: 'Default project', api_token }),
      )
      await manager.save(Membership, { organization_id: id, id: randomUUID(), user_id: user.id, level: 15 })
      await manager.save(UserOrganization, {
        user_id: user.id,
        organization_id: id,
        organization_created_at: created_at,
      })
      await manager.update(User, { id: user.id }, { current_organization_id: id, current_project_id: project.id })
      await this.publish(manager, 'organization.created', id, { name, user_id: user.id })
      return toView(await manager.findOneOrFail(Organization, { where: { id }, relations }), user.id)
    })
  }

  async rename(user: User, id: string, name: string) {
    const { level } = await this.membershipOf(user, id)
    if (level < 8) throw new ForbiddenException()
    return this.dataSource.transaction(async (manager) => {
      const organization = await manager.findOneOrFail(Organization, {
        where: { id },
        lock: { mode: 'pessimistic_write' },
      })
      const changes = { name: { before: organization.name, after: name } }
      organization.name = name
      await manager.save(organization)
      await this.publish(manager, 'organization.updated', id, { changes, user_id: user.id })
      return toView(await manager.findOneOrFail(Organization, { where: { id }, relations }), user.id)
    })
  }

  async findIntegrations(user: User, id: string) {
    await this.membershipOf(user, id)
    const [integrations, count] = await this.integrations.findAndCount({
      where: { organization_id: id },
      relations: { created_by: true },
      order: { id: 'ASC' },
      take: 100,
    })
    return { count, next: null, previous: null, results: integrations.map(toIntegrationView) }
  }

  private async membershipOf(user: User, organization_id: string): Promise<Membership> {
    const membership = await this.memberships.findOneBy({ organization_id, user_id: user.id })
    if (!membership) throw new NotFoundException()
    return membership
  }

  private publish(manager: EntityManager, type: string, organization_id: string, payload: Record<string, unknown>) {
    return manager.save(OutboxEvent, { id: randomUUID(), type, organization_id, payload })
  }
}
