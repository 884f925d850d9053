import { PolityPlugin } from 'polity'
import { AcmeApi } from './acme-api.js'
import { AcmeController } from './acme.controller.js'
import { AcmeProvider } from './acme.provider.js'
import { AcmeService } from './acme.service.js'
import { acmeSettings } from './acme.settings.js'

/** Everything that a server gets to know of Acme. */
@PolityPlugin({
  controllers: [AcmeController],
  providers: [AcmeApi, AcmeService],
  integrations: [AcmeProvider],
  settings: acmeSettings,
  compatibility: '^0.1.0',
})
export class AcmeModule {}
