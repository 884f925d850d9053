import { describe, expect, it } from '@jest/globals'
import { cutText, isSameEmail, isUuid, storedEmail, storedText, storedUuid, textProblem } from './stored-values.js'

describe('stored ids', () => {
  it('are UUIDs of any version, or of none', () => {
    for (const id of [
      '0175b3a1-4c30-0000-e8a4-1b2c3d4e5f60',
      '00000000-0000-0000-0000-000000000000',
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
      '01977e6a-5c1b-7d2e-9f3a-4b5c6d7e8f90',
    ]) {
      expect(isUuid(id)).toBe(true)
      expect(storedUuid.parse(id)).toBe(id)
    }
  })

  it('are the same in upper case and without hyphens', () => {
    const id = '0175b3a1-4c30-0000-e8a4-1b2c3d4e5f60'
    expect(storedUuid.parse(id.toUpperCase())).toBe(id)
    expect(storedUuid.parse(id.replaceAll('-', ''))).toBe(id)
  })

  it('are nothing that the column would refuse', () => {
    for (const text of ['', 'acme', '0175b3a1-4c30-0000-e8a4-1b2c3d4e5f6', '0175b3a1-4c30-0000-e8a4-1b2c3d4e5f6g'])
      expect(storedUuid.safeParse(text).success).toBe(false)
  })
})

describe('stored e-mail addresses', () => {
  it('are whatever the column can hold', () => {
    const longest = `${'x'.repeat(242)}@example.com`
    for (const email of ['r&d@example.com', 'anna@xn--e1afmkfd.xn--p1ai', 'müller@example.de', 'root', longest])
      expect(storedEmail.parse(email)).toBe(email)
    for (const email of [`x${longest}`, 'a\0@example.com', 'a\uD800@example.com'])
      expect(storedEmail.safeParse(email).success).toBe(false)
  })

  it('are empty where there is none', () => {
    for (const email of [undefined, null, '', ' ']) expect(storedEmail.parse(email)).toBe('')
  })

  it('are the same in any case, and the empty one is nobody’s', () => {
    expect(isSameEmail('Ada@Example.com', ' ada@example.com')).toBe(true)
    expect(isSameEmail('ada@example.com', 'eda@example.com')).toBe(false)
    for (const none of [undefined, null, '', ' ']) expect(isSameEmail(none, '')).toBe(false)
  })
})

describe('stored texts', () => {
  it('are counted in characters, as PostgreSQL counts them', () => {
    expect(textProblem('🚀'.repeat(64), 64)).toBeUndefined()
    expect(textProblem('🚀'.repeat(65), 64)).toEqual({ constraint: 'maxLength', values: { limit: 64 } })
    expect(textProblem('x'.repeat(65), 64)).toEqual({ constraint: 'maxLength', values: { limit: 64 } })
    expect(storedText(64).safeParse('x'.repeat(65)).error?.issues[0]?.message).toMatch(/at most 64/)
  })

  it('hold no NUL and no half of a character', () => {
    expect(textProblem('a\0', 64)?.constraint).toBe('nullCharacters')
    expect(textProblem('a\uDE80', 64)).toEqual({ constraint: 'surrogates', values: { value: 'DE80' } })
  })

  it('are cut between characters', () => {
    expect(cutText('abc', 3)).toBe('abc')
    expect(cutText('abcd', 3)).toBe('abc')
    expect(cutText('ab🚀🚀', 3)).toBe('ab🚀')
    expect(cutText('🚀🚀🚀🚀', 3)).toBe('🚀🚀🚀')
  })
})
