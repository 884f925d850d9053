import { readFileSync } from 'node:fs'
import { satisfies } from 'semver'

/** Of the package itself: its file stands a folder above this one, in a checkout and where it is installed. */
export const { version: VERSION } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** Whether this version is one of `range`, as npm writes ranges. */
export const isCompatible = (range: string): boolean => satisfies(VERSION, range, { includePrerelease: true })
