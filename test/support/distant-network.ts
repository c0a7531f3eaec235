import { connect, createServer, type Server } from 'node:net'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { runInNamespace } from './network-namespace.ts'

/**
 * What is wrong with the way to `far.example.org`, which has an IPv4 and an IPv6 address and is 320 ms away and back.
 */
export type NetworkFault =
  | 'no IPv6 route'
  | 'IPv6 packets swallowed'
  | 'the first SYN of each connection lost'
  | 'IPv6 packets swallowed, and the first SYN lost'

const FAULTS: Readonly<Record<NetworkFault, { readonly link: string; readonly six: string }>> = {
  'no IPv6 route': { link: '', six: '2600:1::1' },
  'IPv6 packets swallowed': { link: 'no-ipv6', six: '2600:9::2' },
  'the first SYN of each connection lost': { link: 'lost-syn', six: '2600:1::1' },
  'IPv6 packets swallowed, and the first SYN lost': { link: 'no-ipv6 lost-syn', six: '2600:9::2' },
}
const ONE_WAY_S = 0.16
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

export interface DistantNetworkOptions {
  readonly fault: NetworkFault
  /** Ports of `far.example.org`, and what on this machine's 127.0.0.1 is there. */
  readonly ports: Readonly<Record<number, number>>
  readonly script: string
  readonly args: readonly string[]
}

/**
 * Runs a script in a network namespace that reaches servers of this machine over a slow cable, under the name
 * `far.example.org`.
 */
export async function runAtDistance<T>({ fault, ports, script, args }: DistantNetworkOptions): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'tidings-far-'))
  for (const [port, local] of Object.entries(ports)) {
    const server = relay(local).listen(join(directory, port))
    onTestFinished(() => void server.close())
  }
  const { link, six } = FAULTS[fault]
  const relayed = Object.keys(ports).join(' ')
  return runInNamespace<T>({
    directory,
    script,
    args,
    hosts: `127.0.0.1 localhost\n10.9.0.2 far.example.org\n${six} far.example.org\n`,
    before: `
unshare -n sleep 600 & FAR=$!
until [ "$(readlink /proc/$FAR/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
mkfifo "$DIR/link"
python3 ${here('latency_link.py')} $FAR ${ONE_WAY_S} ${link} >"$DIR/link" & read up <"$DIR/link"
nsenter -t $FAR -n node ${here('latency-relay.js')} ${relayed} &
until nsenter -t $FAR -n sh -c '
  for port in ${relayed}; do
    grep -q "$(printf ":%04X 0*:0000 0A" $port)" /proc/net/tcp || exit 1
  done'; do :; done`,
  })
}

const relay = (port: number): Server =>
  createServer((socket) => {
    const onward = connect(port, '127.0.0.1')
    socket.on('error', () => onward.destroy()).pipe(onward)
    onward.on('error', () => socket.destroy()).pipe(socket)
  })
