import { Foundation1761955200000 } from './0001-foundation.js'

/** Every migration, in the order in which they run. */
export const migrations = [Foundation1761955200000]
