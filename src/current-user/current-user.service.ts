import { Injectable } from '@nestjs/common'
import { type Caller, personOf } from '../access/index.js'
import { UsersService } from '../identity/index.js'
import { notFound } from '../platform/http/http.errors.js'
import { OrganizationsService } from '../organizations/index.js'
import type { CurrentUserView } from './current-user.dto.js'

@Injectable()
export class CurrentUserService {
  constructor(
    private readonly users: UsersService,
    private readonly organizations: OrganizationsService,
  ) {}

  /** The caller with all their organizations, whatever the key’s scope is: PostHog’s clients test a key with this route. */
  async me(caller: Caller): Promise<CurrentUserView> {
    const user = await this.users.byId(personOf(caller).id)
    if (!user) throw notFound()
    const organizations = await this.organizations.listBasic(user.id)
    const current = organizations.find(({ id }) => id === user.current_organization_id) ?? organizations[0]
    const organization = current
      ? (await this.organizations.retrieve({ organization_id: current.id, user })).parse()
      : null
    return {
      date_joined: user.date_joined.toISOString(),
      id: user.id,
      uuid: user.uuid,
      distinct_id: user.distinct_id,
      first_name: user.first_name,
      last_name: user.last_name,
      email: user.email,
      is_email_verified: user.is_email_verified,
      hedgehog_config: null,
      role_at_organization: user.role_at_organization,
      has_password: user.has_password,
      is_staff: user.is_staff,
      is_2fa_enabled: user.is_2fa_enabled,
      team: organization?.teams.find(({ id }) => id === user.current_project_id) ?? organization?.teams[0] ?? null,
      organization,
      organizations,
    }
  }
}
