import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createNameResolver } from '@tidings/server/delivery/names/resolve.ts'
import { createLog } from '@tidings/server/log.ts'
import { startDnsServer, type DnsReply } from './dns-server.ts'

/**
 * One line of the table: what the operating system says of a name to another program, and what the service makes of it.
 */
export interface NameRow {
  readonly settings: string
  readonly name: string
  readonly platform: string
  readonly ours: string
}

// Runs in a network namespace of its own (network-namespace.ts), whose DNS server this is.
const SETTINGS = [
  '', // no server named: 127.0.0.1
  'nameserver 127.0.0.1',
  'nameserver 127.0.0.1\nsearch corp.example',
  'nameserver 127.0.0.1\nsearch other.example corp.example',
  'nameserver 127.0.0.1\nsearch corp.example\noptions ndots:0',
  'nameserver 127.0.0.1\nsearch corp.example\noptions ndots:2',
  'nameserver 127.0.0.1\nsearch ns.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5',
  'nameserver 127.0.0.1\ndomain corp.example',
  'search corp.example\noptions rotate edns0 attempts:1',
]
const SUFFIXES = [
  '',
  '.other.example',
  '.corp.example',
  '.ns.svc.cluster.local',
  '.svc.cluster.local',
  '.cluster.local',
]
const WORDS = [
  'found',
  'servfail',
  'refused',
  'nodata',
  'unknown',
  'found.web',
  'servfail.web',
  'refused.web',
  'nodata.web',
  'unknown.web',
  'six',
  'many',
]
const NAMES = [
  ...WORDS,
  ...WORDS.map((word) => `${word}.`),
  ...WORDS.map((word) => word.toUpperCase()),
  'found.corp.example',
  'found.corp.example.',
  'hosted',
  'hosted.',
  'Hosted',
  'hosted.corp.example',
  'localhost',
  'localhost.',
  'LOCALHOST',
  'app.localhost',
  'app.localhost.',
  'named.localhost',
  'a.named.localhost',
  'no-such-name.anywhere',
]

/**
 * The bare names get what they are called; a search domain gives each an address of its own, but for `other.example`.
 */
function reply(asked: string): DnsReply {
  const name = asked.toLowerCase()
  const index = SUFFIXES.findLastIndex((suffix) => suffix !== '' && name.endsWith(suffix))
  const word = name.split('.')[0] ?? ''
  if (name.endsWith('localhost') || name.includes('localhost.'))
    return name === 'named.localhost' ? ['10.0.1.9'] : 'unknown'
  if (name.endsWith('.other.example')) return word === 'six' ? [] : 'unknown'
  if (word === 'six') return ['fd00::6']
  if (word === 'many') return ['10.0.2.1', '10.0.2.2', 'fd00::1', 'fd00::2']
  if (index >= 0)
    return WORDS.includes(name.slice(0, -(SUFFIXES[index]?.length ?? 0))) ? [`10.0.3.${index}`] : 'unknown'
  return ({ found: ['10.0.0.1'], servfail: 'broken', refused: 'refused', nodata: [] } as const)[word] ?? 'unknown'
}

const LOOPBACK = '127.0.0.1 ::1'
const run = promisify(execFile)
const dns = await startDnsServer(reply, 53)
const { resolve, close } = createNameResolver({
  maxNames: 100,
  timeoutMs: 60_000,
  log: createLog({ level: 'silent', isTerminal: false }),
})

const textOf = (addresses: readonly string[]) => [...new Set(addresses)].join(' ')

/** `getent` calls getaddrinfo and prints each address with its socket types. */
async function platform(name: string): Promise<string> {
  const { stdout } = await run('getent', ['ahosts', name]).catch(() => ({ stdout: '' }))
  const known = textOf(
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(/\s+/)[0] ?? ''),
  )
  return known === '' && /(^|\.)localhost\.?$/i.test(name) ? LOOPBACK : known
}

const ours = (name: string) =>
  resolve(name).then(
    (addresses) => textOf(addresses.map(({ address }) => address)),
    () => '',
  )

const rows: NameRow[] = []
for (const settings of SETTINGS) {
  writeFileSync(join(process.env.DIR ?? '', 'resolv.conf'), `${settings}\n`)
  rows.push(
    ...(await Promise.all(
      NAMES.map(async (name) => ({ settings, name, platform: await platform(name), ours: await ours(name) })),
    )),
  )
}
process.stdout.write(JSON.stringify(rows))
close()
await dns.close()
