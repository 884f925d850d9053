import { z } from 'zod'

/** A library that reads environment variables of its own, all with one prefix. */
export interface SettingsLibrary {
  /** Such as `ACME_`. */
  readonly prefix: string
  readonly reads: (name: string) => boolean
}

/** Environment variables that one module reads. Parsed at boot, injected as `config.of(settings)`. */
export interface Settings<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly schema: z.ZodObject<Shape>
  readonly library?: SettingsLibrary
  /** Names of query and body parameters that hold a credential: left out of links, and redacted in the log. */
  readonly secretParameters?: readonly string[]
}

/** What a module's settings are once parsed. */
export type SettingsOf<Declared extends Settings> = z.infer<Declared['schema']>

/**
 * Declares the environment variables of a module, each with a zod schema of its text, its default, and a message that
 * says what to write. `setting` has those that Polity itself uses. A module lists what this returns in `@PolityPlugin`.
 * @example
 * ```ts
 * export const acmeSettings = defineSettings({ ACME_API_URL: setting.baseUrl.default('https://api.acme.example') })
 * // in a service: constructor(config: Config) { this.url = config.of(acmeSettings).ACME_API_URL }
 * ```
 */
export const defineSettings = <Shape extends z.ZodRawShape>(
  shape: Shape,
  others: Omit<Settings, 'schema'> = {},
): Settings<Shape> => ({ schema: z.object(shape), ...others })
