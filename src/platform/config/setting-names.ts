import type { SettingsLibrary } from './define-settings.js'

/** Shorter names are similar to too many others. */
const SHORTEST_COMPARED = 8

/** Every name that a server reads from the environment. */
export interface SettingNames {
  settings: readonly string[]
  libraries: readonly SettingsLibrary[]
}

export const isOfLibrary = (name: string, { libraries }: SettingNames): boolean =>
  libraries.some(({ prefix, reads }) => name.startsWith(prefix) && reads(name))

/** The setting that a misspelled name means: one letter is wrong, missing or extra, or two are swapped. */
export function meantBy(name: string, names: SettingNames): string | undefined {
  if (name.length < SHORTEST_COMPARED || names.settings.includes(name) || isOfLibrary(name, names)) return undefined
  return names.settings.find((setting) => isNear(name.toUpperCase(), setting))
}

/** Names with the prefix of a setting that are no setting, such as `REDIS_PORT`: wrong, or set by a service manager. */
export function unreadNames(given: readonly string[], names: SettingNames): string[] {
  const prefixes = names.settings
    .filter((setting) => setting.includes('_'))
    .map((setting) => prefixOf(setting, names.libraries))
  return given.filter(
    (name) =>
      !names.settings.includes(name) && !isOfLibrary(name, names) && prefixes.some((prefix) => name.startsWith(prefix)),
  )
}

/** The first word of a setting, or the first two if a library’s names begin with the same word. */
function prefixOf(setting: string, libraries: readonly SettingsLibrary[]): string {
  const shared = libraries.find(({ prefix }) => setting.startsWith(prefix))?.prefix ?? ''
  const end = setting.indexOf('_', shared.length)
  return end < 0 ? setting : setting.slice(0, end + 1)
}

function isNear(name: string, setting: string): boolean {
  let start = 0
  while (start < name.length && name[start] === setting[start]) start++
  const [left, right] = [name.slice(start), setting.slice(start)]
  const [first = '', second = ''] = left
  return (
    left === right ||
    left.slice(1) === right ||
    left === right.slice(1) ||
    left.slice(1) === right.slice(1) ||
    second + first + left.slice(2) === right
  )
}
