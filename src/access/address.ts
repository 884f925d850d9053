import { isIP } from 'node:net'

/** How many of the eight groups of an IPv6 address are the same for all addresses of one subscriber. */
const NETWORK_GROUPS = 4

/**
 * The subject that failures and keyless requests count against: the address, or for IPv6 its /64, because a client that
 * has one address there has them all.
 */
export function countedAddress(address: string): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1]
  if (mapped) return mapped
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('%')[0]!.toLowerCase().split('::')
  const groups = (text: string) => text.split(':').filter(Boolean)
  const left = groups(head)
  const missing = tail === undefined ? 0 : 8 - left.length - groups(tail).length
  const all = [...left, ...Array<string>(Math.max(missing, 0)).fill('0'), ...groups(tail ?? '')]
  const network = all.slice(0, NETWORK_GROUPS).map((group) => group.replace(/^0+(?=.)/, ''))
  return `${network.join(':')}::/64`
}
