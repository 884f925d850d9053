import { describe, expect, it } from '@jest/globals'
import { covers, defineScope, Scopes } from './scopes.js'

describe('covers', () => {
  it.each([
    [['*'], 'organization:write', true],
    [['organization:write'], 'organization:read', true],
    [['organization:read'], 'organization:write', false],
    [['organization:read'], 'organization_integration:read', false],
    [['organization_integration:write'], 'organization:read', false],
    [[], 'organization:read', false],
  ] as const)('%j for %s is %s', (granted, required, expected) => {
    expect(covers(granted, required)).toBe(expected)
  })
})

describe('isGrantable', () => {
  const scopes = new Scopes([defineScope('organization', { read: 'See them', write: 'Change them' })])

  it.each([
    ['*', true],
    ['organization:read', true],
    ['organization:delete', false],
    ['insight:read', false],
    ['', false],
  ])('%s is %s', (scope, expected) => expect(scopes.isGrantable(scope)).toBe(expected))
})
