import type { LookupAddress } from 'node:dns'
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

/** Read again when it was read longer ago. */
const FRESH_MS = 5000
const PATH = process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts'

/** The file in which an operator gives names to addresses. */
export interface HostsFile {
  /** `name` in small letters, without a dot at its end. Empty: the file does not name it, or cannot be read. */
  find(name: string): Promise<readonly LookupAddress[]>
}

export function createHostsFile(path = PATH, clock = () => performance.now()): HostsFile {
  let readAt = -Infinity
  let names: Promise<Hosts> = Promise.resolve(new Map())
  return {
    async find(name) {
      if (clock() - readAt > FRESH_MS) {
        readAt = clock()
        names = readFile(path, 'utf8').then(parseHosts, () => new Map())
      }
      return (await names).get(name) ?? []
    },
  }
}

type Hosts = ReadonlyMap<string, readonly LookupAddress[]>

/** hosts(5): an address and its names a line, `#` begins a comment, letter case does not count. A name may stand in several lines. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, LookupAddress[]>()
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const family = isIP(address)
    if (family === 0) continue
    for (const name of names.map((each) => each.toLowerCase())) hosts.set(name, [...(hosts.get(name) ?? []), { address, family }])
  }
  return hosts
}
