import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'
import { FORBIDDEN_IPV4, FORBIDDEN_IPV6, GLOBAL_IPV6, METADATA_ADDRESSES } from './address-ranges.ts'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Block = readonly [address: Address, prefixLength: number]

/** `range` is a word for the log, for example `loopback`. */
export type Verdict = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly range: string }

export interface AddressGuard {
  /**
   * Judges a resolved address. `isOwn`: the request goes to one of `isOwnCallback`, so only metadata addresses are
   * refused.
   */
  judge(address: string, options?: { readonly isOwn?: boolean }): Verdict
  /**
   * Returns whether an address names one of this service's own callbacks: exactly its origin, and one path segment
   * below the prefix.
   */
  isOwnCallback(url: URL): boolean
}

export interface AddressGuardOptions {
  /** CIDR blocks that are allowed although forbidden otherwise. An IPv4 block covers its IPv4-mapped form. */
  readonly allow: readonly string[]
  /** The service's own origin, as configured, never taken from a Host header; `pathPrefix` ends with a slash. */
  readonly exceptOrigin?: { readonly origin: string; readonly pathPrefix: string } | undefined
}

const ALLOWED: Verdict = { kind: 'allowed' }
const forbidden4 = FORBIDDEN_IPV4.map(([cidr, range]) => ({ block: parseBlock(cidr), range }))
const forbidden6 = FORBIDDEN_IPV6.map(([cidr, range]) => ({ block: parseBlock(cidr), range }))
const global6 = parseBlock(GLOBAL_IPV6)
const metadata = METADATA_ADDRESSES.map((text) => ipaddr.parse(text))

/**
 * Decides which addresses webhooks may connect to: the guard against SSRF (server-side request forgery). Judges
 * resolved addresses, never names, so it has to be called at connect time (see guarded-connect.ts on DNS rebinding).
 */
export function createAddressGuard({ allow, exceptOrigin }: AddressGuardOptions): AddressGuard {
  const allowed = allow.map(parseBlock)
  const singles = allowed.filter(([address, prefixLength]) => prefixLength === widthOf(address))
  const ownOrigin = exceptOrigin && new URL(exceptOrigin.origin).origin

  return {
    judge(text, { isOwn = false } = {}) {
      const address = parseAddress(text)
      if (!address) return { kind: 'refused', range: 'no address' }
      if (isMetadata(address) && !isIn(address, singles)) return { kind: 'refused', range: 'metadata' }
      if (isOwn || isIn(address, allowed)) return ALLOWED
      const range = forbiddenRange(address)
      return range === undefined ? ALLOWED : { kind: 'refused', range }
    },
    isOwnCallback(url) {
      if (
        !exceptOrigin ||
        url.origin !== ownOrigin ||
        url.search !== '' ||
        !url.pathname.startsWith(exceptOrigin.pathPrefix)
      )
        return false
      // One plain segment: a proxy in front of us might read an encoded slash or dot as another path than we do.
      return /^[A-Za-z0-9_-]+\/?$/.test(url.pathname.slice(exceptOrigin.pathPrefix.length))
    },
  }
}

/** Accepts canonical notations only. Drops a zone, and turns an IPv4-mapped address into the IPv4 one. */
function parseAddress(text: string): Address | undefined {
  const [number = ''] = text.split('%')
  if (isIPv4(number)) return ipaddr.IPv4.parse(number)
  if (!isIPv6(number)) return undefined
  // Through URL, which writes all eight groups in hex: ipaddr.js takes `::8.8.8.8` for `::ffff:8.8.8.8`.
  return unmapped(ipaddr.IPv6.parse(new URL(`http://[${number}]`).hostname.slice(1, -1)))
}

const unmapped = (address: ipaddr.IPv6): Address => (address.isIPv4MappedAddress() ? address.toIPv4Address() : address)

function parseBlock(cidr: string): Block {
  const [address, prefixLength] = ipaddr.parseCIDR(cidr)
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && prefixLength >= 96)
    return [address.toIPv4Address(), prefixLength - 96]
  return [address, prefixLength]
}

const widthOf = (address: Address) => address.toByteArray().length * 8

const contains = ([block, prefixLength]: Block, address: Address) =>
  address.kind() === block.kind() && address.match(block, prefixLength)

const isIn = (address: Address, blocks: readonly Block[]) => blocks.some((block) => contains(block, address))

/** Also if embedded in an IPv6 address: an allow-listed NAT64 block must not lead to the metadata service. */
const isMetadata = (address: Address) =>
  [address, ...embeddedIpv4(address)].some((one) => metadata.some((other) => one.toString() === other.toString()))

/**
 * Returns the IPv4 addresses that an IPv6 address may stand for: its last 32 bits (NAT64, IPv4-compatible, ISATAP), and
 * those behind 2002 (6to4).
 */
function embeddedIpv4(address: Address): ipaddr.IPv4[] {
  if (address instanceof ipaddr.IPv4) return []
  const bytes = address.toByteArray()
  return [
    new ipaddr.IPv4(bytes.slice(12)),
    ...(address.parts[0] === 0x2002 ? [new ipaddr.IPv4(bytes.slice(2, 6))] : []),
  ]
}

function forbiddenRange(address: Address): string | undefined {
  if (address instanceof ipaddr.IPv4) return forbidden4.find(({ block }) => contains(block, address))?.range
  if (!contains(global6, address)) return 'no global unicast'
  if (isIsatap(address)) return 'ISATAP'
  return forbidden6.find(({ block }) => contains(block, address))?.range
}

/** Interface identifiers 0:5efe:a.b.c.d and 200:5efe:a.b.c.d tunnel to the IPv4 address inside (RFC 5214 6.1). */
const isIsatap = ({ parts }: ipaddr.IPv6) => ((parts[4] ?? 0) & ~0x0200) === 0 && parts[5] === 0x5efe
