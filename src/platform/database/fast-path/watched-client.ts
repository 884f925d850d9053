import pg from 'pg'

/** A connection whose loss never ends the process. */
export class WatchedClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config)
    // Node ends a process in which nobody listens for an error. Whoever awaits a statement hears of it through that.
    this.on('error', () => undefined)
  }
}
