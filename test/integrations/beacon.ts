import { Controller, Get, Injectable } from '@nestjs/common'
import { z } from 'zod'
import {
  type InstalledIntegration,
  IntegrationInstallations,
  type IntegrationHealth,
  IntegrationProvider,
  type IntegrationView,
} from '../../src/index.js'
import { eventually, type TestOrganization, type TestServer } from '../support/kit.js'
import { pluginOf } from '../support/plugin.js'

const config = z.object({
  room: z.string().optional(),
  internal: z.string().optional(),
  bulb: z.object({ watts: z.number() }).optional(),
})
const secrets = z.object({ token: z.string() })
type Beacon = InstalledIntegration<z.infer<typeof config>, z.infer<typeof secrets>>

/** A kind of integration as small as can be: it notes what it is told, and fails when a test says so. */
@Injectable()
export class BeaconProvider extends IntegrationProvider<z.infer<typeof config>, z.infer<typeof secrets>> {
  readonly kind: string = 'beacon'
  readonly config = config
  readonly shown = ['room'] as const
  override readonly secrets = secrets
  override readonly exclusive = true

  readonly calls: { hook: string; integration: Beacon; at: number }[] = []
  /** Runs within each hook. */
  during: (hook: string, integration: Beacon) => Promise<unknown> = async () => undefined
  answer: IntegrationHealth = { healthy: true, detail: null }

  override install = (integration: Beacon) => this.note('install', integration)
  override configure = (integration: Beacon) => this.note('configure', integration)
  override disconnect = (integration: Beacon) => this.note('disconnect', integration)
  override async health(integration: Beacon): Promise<IntegrationHealth> {
    await this.note('health', integration)
    return this.answer
  }

  private async note(hook: string, integration: Beacon): Promise<void> {
    this.calls.push({ hook, integration, at: Date.now() })
    await this.during(hook, integration)
  }

  /** The hooks that were called for an integration, in order. */
  hooksOf = (id: string): string[] =>
    this.calls.filter(({ integration }) => integration.id === id).map(({ hook }) => hook)
}

/** Has to be told of installations only, and keeps no secret. */
@Injectable()
export class LampProvider extends IntegrationProvider {
  readonly kind = 'lamp'
  readonly config = z.record(z.string(), z.unknown())
  readonly shown = []
  during: () => Promise<unknown> = async () => undefined

  override async install(): Promise<void> {
    await this.during()
  }
}

export class SecondBeaconProvider extends BeaconProvider {}

@Injectable()
export class UnnamedProvider extends BeaconProvider {
  override readonly kind: string = 'Not a kind'
}

@Injectable()
export class WithoutSchemaProvider extends BeaconProvider {
  override readonly config = undefined as never
}

@Injectable()
export class ShowsNothingProvider extends BeaconProvider {
  override readonly shown = undefined as never
}

@Controller('open-to-whom')
class OpenController {
  @Get()
  nobodyKnows(): string {
    return 'open'
  }
}

export const openPlugin = pluginOf({ controllers: [OpenController], integrations: [BeaconProvider] })

/** Installs as a provider's own route would. */
export async function install(
  server: TestServer,
  organization: TestOrganization,
  installation: { kind?: string; integration_id?: string | null; config?: object; secrets?: object } = {},
): Promise<{ id: string; path: string; state: (wanted: string) => Promise<IntegrationView> }> {
  const id = await server.database.transaction((tx) =>
    server.application.get(IntegrationInstallations).install(tx, {
      organization_id: organization.id,
      kind: 'beacon',
      integration_id: `beacon-${crypto.randomUUID()}`,
      config: { type: 'connectable', room: 'attic', internal: 'planted-config' },
      secrets: { token: 'planted-secret' },
      by: organization.owner.caller,
      ...installation,
    } as Parameters<IntegrationInstallations['install']>[1]),
  )
  const path = `${organization.path}integrations/${id}/`
  const read = async (): Promise<IntegrationView> => (await organization.owner.get(path)).body
  return { id, path, state: (wanted) => eventually(read, ({ config }) => syncOf(config)?.state === wanted) }
}

export const syncOf = (view: object) =>
  (view as { sync?: { state: string; last_error: string | null; synced_at: string | null } }).sync
