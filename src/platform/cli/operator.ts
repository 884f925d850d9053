import { systemActor } from '../events/domain-event.js'

/** The person who runs a command, as the event log names them. */
export const operator = systemActor('cli')
