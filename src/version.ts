import { readFileSync } from 'node:fs'
import { satisfies } from 'semver'

/** The version in package.json, which is one folder above this file, in a checkout and in an installed package. */
export const { version: VERSION } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** Whether this version is one of `range`, as npm writes ranges. */
export const isCompatible = (range: string): boolean => satisfies(VERSION, range, { includePrerelease: true })
