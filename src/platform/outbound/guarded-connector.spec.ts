import { describe, expect, it } from '@jest/globals'
import { isPublic } from './guarded-connector.js'

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
