import { describe, expect, it } from '@jest/globals'
import { slugOf, slugWithSuffix } from './slug.js'

describe('slugOf', () => {
  it.each([
    ['Acme', 'acme'],
    ['  Größe & Söhne GmbH ', 'grosse-sohne-gmbh'],
    ['شركة', 'shrk'],
    ['北京', 'bei-jing'],
    ['🚀🚀', 'organization'],
    ['---', 'organization'],
    ['a'.repeat(64), 'a'.repeat(48)],
  ])('%s is %s', async (name, slug) => expect(await slugOf(name)).toBe(slug))

  it('never ends in a hyphen where it was cut', async () => {
    expect(await slugOf(`${'a'.repeat(47)} b`)).toBe('a'.repeat(47))
  })
})

describe('slugWithSuffix', () => {
  it('stays within 48 characters', () => {
    expect(slugWithSuffix('a'.repeat(48))).toMatch(/^a{43}-[a-z]{4}$/)
  })
})
