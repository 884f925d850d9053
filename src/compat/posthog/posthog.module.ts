import { PolityPlugin } from '../../plugin.js'
import { addImport } from './import/import.commands.js'

/** What concerns PostHog alone. */
@PolityPlugin({ commands: [addImport] })
export class PostHogModule {}
