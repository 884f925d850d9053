import { describe, expect, it } from '@jest/globals'
import type { lookup } from 'node:dns'
import { isPublic, publicLookup } from './guarded-connector.js'

describe('isPublic', () => {
  it.each(['8.8.8.8', '76.76.21.21', '2606:4700::1111', '::ffff:8.8.8.8'])('admits %s', (address) =>
    expect(isPublic(address)).toBe(true),
  )

  it.each([
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'],
    ...['224.0.0.1', '255.255.255.255', '198.18.0.1', '::1', '::', 'fc00::1', 'fe80::1', 'ff02::1'],
    ...['::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::'],
  ])('refuses %s', (address) => expect(isPublic(address)).toBe(false))
})

describe('publicLookup', () => {
  const found = [
    { address: '8.8.8.8', family: 4 },
    { address: '10.0.0.1', family: 4 },
  ]

  /** The addresses that a name with these addresses leads to, or the class of the refusal. */
  const looksUp = (addresses: typeof found, { all = false, privateHosts = [] as string[] } = {}) =>
    new Promise((answer) => {
      const resolve = ((_host: string, _options: object, done: (error: null, found: object) => void) =>
        done(null, addresses)) as unknown as typeof lookup
      publicLookup(privateHosts, resolve)('both.example', { all }, (error, address) =>
        answer(error ? error.constructor.name : address),
      )
    })

  it.each([false, true])(
    'refuses a name with one public and one private address, in either order (all: %s)',
    async (all) => {
      expect(await looksUp(found, { all })).toBe('PrivateAddress')
      expect(await looksUp(found.toReversed(), { all })).toBe('PrivateAddress')
    },
  )

  it('gives all or the first of public ones, and all of a name that may be anywhere', async () => {
    expect(await looksUp(found.slice(0, 1))).toBe('8.8.8.8')
    expect(await looksUp(found.slice(0, 1), { all: true })).toEqual(found.slice(0, 1))
    expect(await looksUp(found, { all: true, privateHosts: ['both.example'] })).toEqual(found)
    expect(await looksUp(found.toReversed(), { privateHosts: ['other.example'] })).toBe('PrivateAddress')
  })
})
