import { systemActor } from '../events/domain-event.js'

/** Whoever runs a command, as the event log names them. */
export const operator = systemActor('cli')
