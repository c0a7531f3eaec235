/** IPv4 blocks that are not public unicast (IANA special-purpose registry, RFC 6890), with the word for the log. */
export const FORBIDDEN_IPV4: readonly (readonly [cidr: string, range: string])[] = [
  ['0.0.0.0/8', 'unspecified'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'carrier-grade NAT'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'protocol assignments'],
  ['192.0.2.0/24', 'documentation'],
  ['192.88.99.0/24', '6to4 relay'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'benchmarking'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['255.255.255.255/32', 'broadcast'],
  ['240.0.0.0/4', 'reserved'],
]

/**
 * IPv6 global unicast. Everything outside is refused without a list: ::/8 with loopback, IPv4-compatible and
 * ::ffff:0:0:0/96, NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), 100::/64, SRv6 (5f00::/16), fc00::/7, fe80::/10, fec0::/10,
 * ff00::/8.
 */
export const GLOBAL_IPV6 = '2000::/3'

/** Blocks inside 2000::/3 that are refused nevertheless. */
export const FORBIDDEN_IPV6: readonly (readonly [cidr: string, range: string])[] = [
  ['2001::/23', 'protocol assignments'], // Teredo (2001::/32), ORCHID and benchmarking among them
  ['2001:db8::/32', 'documentation'],
  ['2002::/16', '6to4'],
  ['3fff::/20', 'documentation'],
]

/**
 * Where clouds hand out credentials, the usual target of SSRF. Allowed only if the allow-list names exactly this
 * address, never by a larger block.
 */
export const METADATA_ADDRESSES: readonly string[] = [
  '169.254.169.254', // AWS, Google, Azure, OpenStack, DigitalOcean, Hetzner, Oracle
  '169.254.170.2', // AWS, container credentials
  '169.254.170.23', // AWS, pod identity
  '169.254.0.23', // Tencent
  '169.254.42.42', // Scaleway
  '100.100.100.200', // Alibaba
  '192.0.0.192', // Oracle, classic
  '168.63.129.16', // Azure, host agent: a public address in private use
  'fd00:ec2::254', // AWS
  'fd00:ec2::23', // AWS, pod identity
  'fd20:ce::254', // Google
  'fd00:42::42', // Scaleway
]
