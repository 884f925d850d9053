import { Foundation1761955200000 } from './0001-foundation.js'
import { Integrations1764000000000 } from './0002-integrations.js'
import { IntegrationProviders1764100000000 } from './0003-integration-providers.js'
import { AwsMarketplace1764200000000 } from './0004-aws-marketplace.js'
import { InactiveUsers1764300000000 } from './0005-inactive-users.js'
import { UsersWithoutEmail1764400000000 } from './0006-users-without-email.js'
import { ProjectNumbers1764500000000 } from './0007-project-numbers.js'
import { OutboxDeliveries1764600000000 } from './0008-outbox-deliveries.js'
import { PartialIndexes1764700000000 } from './0009-partial-indexes.js'
import { Events1764900000000 } from './0010-events.js'
import { TokenSubjects1765000000000 } from './0011-token-subjects.js'
import { DirectoryTables1765100000000 } from './0012-directory-tables.js'

/** Every migration, in the order in which they run. */
export const migrations = [
  Foundation1761955200000,
  Integrations1764000000000,
  IntegrationProviders1764100000000,
  AwsMarketplace1764200000000,
  InactiveUsers1764300000000,
  UsersWithoutEmail1764400000000,
  ProjectNumbers1764500000000,
  OutboxDeliveries1764600000000,
  PartialIndexes1764700000000,
  Events1764900000000,
  TokenSubjects1765000000000,
  DirectoryTables1765100000000,
]
