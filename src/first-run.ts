import type { INestApplicationContext } from '@nestjs/common'
import { PersonalApiKeysService, UsersDirectory } from './auth/index.js'
import { OrganizationsService } from './organizations/index.js'

export interface FirstRun {
  email: string
  organization: string
  key: string
}

/** On an empty database makes a user, their organization and an owner's key; undefined ever after. */
export async function firstRun(application: INestApplicationContext): Promise<FirstRun | undefined> {
  const users = application.get(UsersDirectory)
  if (!(await users.isEmpty())) return undefined
  const user = await users.create({ email: 'owner@localhost', first_name: 'Owner' })
  const key = await application
    .get(PersonalApiKeysService)
    .create({ user_id: user.id, label: 'First key', scopes: ['*'] })
  const organization = await application.get(OrganizationsService).create(
    {
      user_id: user.id,
      user_uuid: user.uuid,
      key: { id: key.id, scopes: ['*'], scoped_teams: [], scoped_organizations: [] },
      request_id: 'first-run',
    },
    { name: 'My organization' },
  )
  return { email: user.email, organization: organization.name, key: key.value! }
}
