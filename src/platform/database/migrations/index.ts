import { Foundation1761955200000 } from './0001-foundation.js'
import { Integrations1764000000000 } from './0002-integrations.js'

/** Every migration, in the order in which they run. */
export const migrations = [Foundation1761955200000, Integrations1764000000000]
