import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { StartError } from '../start-error.js'
import { Config } from './config.js'
import type { Settings } from './define-settings.js'
import { parseDotEnv } from './dot-env.js'
import { type PlatformSettings, platformSettings } from './platform.settings.js'
import { isOfLibrary, meantBy, type SettingNames } from './setting-names.js'

const SEE = '.env.example explains every setting.'

/** Where settings come from. */
export interface SettingsSource {
  /** The environment. It wins over `.env`, with an empty variable too. */
  variables: NodeJS.ProcessEnv
  /** The text of `.env`. */
  dotEnv?: string
  /** The settings of modules, besides the platform’s. */
  settings: readonly Settings[]
}

/**
 * Parses the environment. An empty variable counts as not set, as shells and Compose files mean it.
 * @throws {StartError} naming every bad variable and what it may hold, every name that is nearly one of ours, and every
 * line and name of `.env` that nobody would read
 */
export function parseSettings({ variables, dotEnv = '', settings }: SettingsSource): {
  config: Config
  dotEnvValues: Record<string, string>
} {
  const all = [platformSettings, ...settings]
  const names = namesOf(all)
  const file = parseDotEnv(dotEnv)
  const given = { ...file.values, ...definedOf(variables) }
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''))
  const isKnown = (name: string) => names.settings.includes(name) || isOfLibrary(name, names)
  const misspelled = Object.keys(definedOf(variables)).filter((name) => !isKnown(name) && meantBy(name, names))
  const unknown = Object.keys(file.values).filter((name) => !isKnown(name))
  const parsed = z.object(Object.assign({}, ...all.map(({ schema }) => schema.shape))).safeParse(set)
  const problems = [
    ...file.problems,
    ...[...new Set([...unknown, ...misspelled])].map((name) => noSetting(name, names)),
    ...wrongValues(set, names.settings, parsed.error),
  ]
  if (parsed.success && problems.length === 0)
    return { config: new Config(parsed.data as PlatformSettings & object, all), dotEnvValues: file.values }
  throw new StartError(
    problems.length === 1
      ? `${problems[0]!.replace(/(?<!\?)$/, '.')} ${SEE}`
      : [`${problems.length} settings are wrong. ${SEE}`, ...problems].join('\n  '),
  )
}

/** The names that `settings` declare, and those of their libraries. */
export const namesOf = (settings: readonly Settings[]): SettingNames => ({
  settings: settings.flatMap(({ schema }) => Object.keys(schema.shape)),
  libraries: settings.flatMap(({ library }) => library ?? []),
})

function noSetting(name: string, names: SettingNames): string {
  const meant = meantBy(name, names)
  return `${name} is not the name of a setting` + (meant ? `: did you mean ${meant}?` : '')
}

/** Refuses white space around a value: nobody sees it, and it would become part of a secret. */
function wrongValues(set: Record<string, string>, names: readonly string[], error?: z.ZodError): string[] {
  const wanted = new Map(error?.issues.map(({ path, message }) => [String(path[0]), message]))
  for (const name of names) {
    const value = set[name]
    if (value !== undefined && value.trim() !== value && !wanted.has(name))
      wanted.set(name, 'remove the white space around it')
  }
  return [...wanted].map(([name, message]) => `${name} is not valid: ${message}`)
}

const definedOf = (variables: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined))

/** The text of `.env` in the working directory, where one exists. @throws {StartError} */
export function dotEnvText(): string {
  try {
    return readFileSync('.env', 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new StartError(`.env cannot be read: ${(error as Error).message}`)
  }
}
