import { DataSource, type DataSourceOptions } from 'typeorm'
import { type Contact, reach } from './first-contact.js'

/**
 * The connections of an application that is being built. When building fails, NestJS returns no application to close, so
 * connections that are open or opening would stay open.
 */
export class Connections {
  private readonly opening: Promise<DataSource>[] = []
  private isClosed = false

  constructor(readonly contact: Contact) {}

  readonly open = (options?: DataSourceOptions): Promise<DataSource> => {
    // NestJS goes on creating providers for a while after one has failed.
    if (this.isClosed) return Promise.reject(new Error('The start was given up.'))
    const opened = reach(this.contact, () => new DataSource(options!).initialize())
    this.opening.push(opened)
    return opened
  }

  async close(): Promise<void> {
    this.isClosed = true
    for (const opened of await Promise.allSettled(this.opening))
      if (opened.status === 'fulfilled' && opened.value.isInitialized) await opened.value.destroy()
  }
}
