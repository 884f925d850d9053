import { PolityPlugin } from '../../plugin.js'
import { addImport } from './import/import.commands.js'

/** What is PostHog's and not ours. */
@PolityPlugin({ commands: [addImport] })
export class PostHogModule {}
