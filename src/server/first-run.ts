import type { INestApplicationContext } from '@nestjs/common'
import { PersonalApiKeysService, UsersService } from '../identity/index.js'
import { OrganizationsService } from '../organizations/index.js'
import { systemActor } from '../platform/events/domain-event.js'
import { Database } from '../platform/database/database.js'

export interface FirstRun {
  email: string
  organization: string
  key: string
}

/**
 * On an empty database makes a user, their organization and an owner's key, all or nothing; undefined ever after, and
 * for all but one of several servers that start together.
 * @param handOver gives the key to whoever started the server. The transaction commits after it, so that a process that
 * is killed between the two leaves a key that does nothing, and not an owner without a key.
 * @returns what `handOver` returned
 */
export function firstRun<Handed>(
  application: INestApplicationContext,
  handOver: (first: FirstRun) => Promise<Handed>,
): Promise<Handed | undefined> {
  const users = application.get(UsersService)
  return application.get(Database).transaction(async (tx) => {
    await tx.manager.query(`select pg_advisory_xact_lock(hashtextextended('polity first run', 0))`)
    if (!(await users.isEmpty(tx))) return undefined
    const by = tx.for(systemActor('first-run'))
    const user = await users.create(by, { email: 'owner@example.com', first_name: 'Owner' })
    const owner = { ...by, user }
    const organization = { name: 'My organization' }
    await application.get(OrganizationsService).create(owner, organization)
    const key = await application
      .get(PersonalApiKeysService)
      .create(owner, { user_id: user.id, label: 'First key', scopes: ['*'] })
    return handOver({ email: user.email, organization: organization.name, key: key.value! })
  })
}
