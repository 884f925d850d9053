import ipaddr from 'ipaddr.js'
import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { PrivateAddress } from './outbound.error.js'

/**
 * Opens connections to public addresses only. It checks the resolved address that it then connects to, on every
 * connection and so after every redirect. A name that resolves differently the second time gains nothing.
 * @param privateHosts names that may resolve to any address
 */
export function guardedConnector(privateHosts: readonly string[], timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, lookup: publicLookup(privateHosts) })
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    // An address in the URL is used without a lookup.
    if (isIP(host) && !privateHosts.includes(host) && !isPublic(host)) return callback(new PrivateAddress(), null)
    connect(options, callback)
  }
}

/** Resolves names, and refuses one as soon as any of its addresses is not public. */
export const publicLookup =
  (privateHosts: readonly string[], resolve: typeof lookup = lookup): LookupFunction =>
  (host, options, callback) =>
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0)
      if (!privateHosts.includes(host) && !addresses.every(({ address }) => isPublic(address)))
        return callback(new PrivateAddress(), '', 0)
      if (options.all) callback(null, addresses)
      else callback(null, addresses[0]!.address, addresses[0]!.family)
    })

/** Whether an address is globally reachable: none of the IANA special-purpose ranges, also when mapped into IPv6. */
export const isPublic = (address: string): boolean => ipaddr.process(address).range() === 'unicast'
