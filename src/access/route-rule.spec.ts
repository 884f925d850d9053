import { describe, expect, it } from '@jest/globals'
import { ACCESS_RULE, type AccessRule, AnyKey, Public, RequiresScope } from './access-rule.js'
import { MembershipLevel } from './membership-level.js'
import { misfitOf } from './route-rule.js'
import { defineScope, Scopes } from './scopes.js'

const scopes = new Scopes([defineScope('organization', { read: 'See them', write: 'Change them' })])

/** What is wrong with a route at `path` that is decorated with `decorator`. */
function misfit(path: string, decorator: MethodDecorator & ClassDecorator): string | undefined {
  class Gears {
    list(this: void): void {}
  }
  decorator(Gears.prototype, 'list', Object.getOwnPropertyDescriptor(Gears.prototype, 'list')!)
  const rule = Reflect.getMetadata(ACCESS_RULE, Gears.prototype.list) as AccessRule
  return misfitOf({ method: 'GET', path, handler: 'Gears.list', rule }, scopes)
}

const scope = 'organization:read'
const owner = { level: MembershipLevel.Owner }

describe('a rule fits its path', () => {
  it.each([
    ['/api/organizations', RequiresScope(scope, { organization: 'none' })],
    ['/api/organizations/:id', RequiresScope(scope, { ...owner, organization: 'itself' })],
    ['/api/organizations/:id/restore', RequiresScope(scope, { ...owner, organization: 'itself' })],
    ['/api/organizations/:organization_id/gears/:id', RequiresScope(scope, owner)],
    ['/api/organizations/:org/gears', RequiresScope(scope, { ...owner, organization: { parameter: 'org' } })],
    ['/api/gears/:org', RequiresScope(scope, { ...owner, organization: { parameter: 'org' } })],
    ['/api/organizations/count', RequiresScope(scope, { organization: 'none' })],
    ['/api/gears', RequiresScope(scope, { ...owner, organization: 'body' })],
    ['/api/gears/:id', AnyKey()],
    ['/api/organizations/:org/status', Public()],
  ])('at %s', (path, rule) => expect(misfit(path, rule)).toBeUndefined())
})

describe('a rule does not fit its path', () => {
  it.each([
    ['/api/organizations/:org/gears', RequiresScope(scope), /:org, .* write organization: \{ parameter: 'org' \}/],
    ['/api/organizations/:id', RequiresScope(scope), /:id, .* write organization: 'itself'/],
    ['/api/organizations/:organization_id', RequiresScope(scope, { organization: 'itself' }), /organization: 'path'/],
    ['/api/organizations/:org/gears', RequiresScope(scope, { organization: 'body' }), /parameter: 'org'/],
    ['/api/gears/:organization_id', RequiresScope(scope, { organization: 'none' }), /organization: 'path'/],
    ['/v1/api/organizations/:org', AnyKey(), /parameter: 'org'/],
    ['/api/organizations/:org/:organization_id', RequiresScope(scope), /parameter: 'org'/],
    ['/api/organizations/*rest', RequiresScope(scope, { organization: 'none' }), /through "\*rest"/],
    ['/api/organizations/:org(\\d+)/gears', RequiresScope(scope), /through ":org\(/],
    ['/api/gears', RequiresScope(scope), /does not have the parameter :organization_id .*'none'/],
    ['/api/gears/:id', RequiresScope(scope, { organization: { parameter: 'org' } }), /the parameter :org /],
    ['/api/gears/:id', RequiresScope(scope, { organization: 'itself' }), /parameter: 'id'/],
    ['/api/gears', RequiresScope(scope, { ...owner, organization: 'none' }), /asks for a level .*'path' or 'body'/],
    ['/api/gears', RequiresScope(scope, { during: ['deletion'], organization: 'none' }), /asks for a level or a state/],
  ])('at %s', (path, rule, sentence) => expect(misfit(path, rule)).toMatch(sentence))
})
