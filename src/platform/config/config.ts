import { StartError } from '../start-error.js'
import type { Settings, SettingsOf } from './define-settings.js'
import type { PlatformSettings } from './platform.settings.js'

/** The parsed environment. Injected by this class wherever a setting is needed. */
export class Config {
  /**
   * @param settings the declarations that these are the values of
   * @param embedded whether `DATABASE_URL` is that of our own PostgreSQL
   */
  constructor(
    readonly values: PlatformSettings & Record<string, unknown>,
    readonly settings: readonly Settings[],
    readonly embedded = false,
  ) {}

  /** A setting of the platform. */
  get<Name extends keyof PlatformSettings>(name: Name): PlatformSettings[Name] {
    return this.values[name]
  }

  /** The settings of a module. @throws {StartError} when the module's plugin was not passed to `loadConfig` */
  of<Declared extends Settings>(settings: Declared): SettingsOf<Declared> {
    if (!this.settings.includes(settings))
      throw new StartError(
        `The settings ${Object.keys(settings.schema.shape).join(', ')} were not read: list them as settings in @PolityPlugin, and give the plugin to loadConfig as well.`,
      )
    return this.values as SettingsOf<Declared>
  }

  /** See {@link Settings.secretParameters}. */
  get secretParameters(): readonly string[] {
    return this.settings.flatMap(({ secretParameters = [] }) => secretParameters)
  }

  /** A copy with other values of platform settings. */
  with(changes: Partial<PlatformSettings>, embedded = this.embedded): Config {
    return new Config({ ...this.values, ...changes }, this.settings, embedded)
  }
}
