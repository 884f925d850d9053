import { describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { Keyring, UnopenableSecret } from './keyring.js'

describe('a sealed secret', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)]
  const before = new Keyring(new Map([['a', first]]))
  const after = new Keyring(
    new Map([
      ['b', second],
      ['a', first],
    ]),
  )

  it('opens with the key that sealed it, after a newer one came too', () => {
    const sealed = before.seal({ token: 'x' }, 'row 1')
    expect(sealed).toMatch(/^a\.[\w-]+$/)
    expect(after.open(sealed, 'row 1')).toEqual({ token: 'x' })
    expect(after.seal({}, 'row 1')).toMatch(/^b\./)
  })

  it('never looks the same twice', () => {
    expect(before.seal('x', 'row 1')).not.toBe(before.seal('x', 'row 1'))
  })

  it('does not open in another row, without its key, or changed', () => {
    const sealed = before.seal({ token: 'x' }, 'row 1')
    expect(() => before.open(sealed, 'row 2')).toThrow(UnopenableSecret)
    expect(() => new Keyring(new Map([['b', second]])).open(sealed, 'row 1')).toThrow('the key a is missing')
    for (let index = 2; index < sealed.length; index += 7) {
      const changed = sealed.slice(0, index) + (sealed[index] === 'A' ? 'B' : 'A') + sealed.slice(index + 1)
      expect(() => before.open(changed, 'row 1')).toThrow(UnopenableSecret)
    }
    expect(() => before.open('a.', 'row 1')).toThrow(UnopenableSecret)
  })
})
