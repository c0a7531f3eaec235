import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { BrokerServer } from '../../config-broker.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { UnusableBroker } from '../broker.ts'

const LEAST = { major: 3, minor: 10 }
/** For the whole look: a server that sends a byte now and then must not hold up the start. */
const LIMIT_MS = 5000
/** What a client says first (AMQP 0-9-1, 4.2.2). */
const PROTOCOL_HEADER = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')
/** Type, channel and size, before what a frame holds; one byte ends it (AMQP 0-9-1, 4.2.3). */
const FRAME_HEAD = 7
const FRAME_END = 1
/** RabbitMQ's first frame has about 500 bytes. */
const MAX_FRAME = 64 * 1024

/**
 * Throws `UnusableBroker` when a RabbitMQ answers that is too old: it would lack what queues need here. The client library
 * keeps what a server says of itself to itself, so this looks at the first frame of a connection of its own, before any login.
 * A server that cannot be reached, or is no RabbitMQ, is left to those who connect.
 */
export async function refuseOldServer(server: BrokerServer, ca: string | undefined): Promise<void> {
  const version = versionIn(await firstFrame(server, ca))
  if (version !== undefined && isTooOld(version)) {
    throw new UnusableBroker(`RabbitMQ ${version} is too old, it must be ${LEAST.major}.${LEAST.minor} or newer: upgrade it, name a newer one, or name none (neither BROKER_URL nor TAPIS_QUEUE_HOST), and the database carries the events`)
  }
}

/** The version that a RabbitMQ names in its `connection.start`; undefined: it names none, or is another program. */
export function versionIn(frame: Buffer): string | undefined {
  return textUnder(frame, 'product') === 'RabbitMQ' ? textUnder(frame, 'version') : undefined
}

/** `3.8.11`, `3.13.7+1`, `4.1.0-rc.2`: only the first two numbers count. */
export function isTooOld(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? []
  return major !== undefined && (Number(major) < LEAST.major || (Number(major) === LEAST.major && Number(minor) < LEAST.minor))
}

/** A long string of the table of server properties: a short key, `S`, a length of four bytes, the text (AMQP 0-9-1, 4.2.5). */
function textUnder(frame: Buffer, key: string): string | undefined {
  const at = frame.indexOf(Buffer.from(`${String.fromCharCode(key.length)}${key}S`, 'latin1'))
  const start = at + key.length + 6
  if (at < 0 || start > frame.length) return undefined
  const end = start + frame.readUInt32BE(start - 4)
  return end > frame.length ? undefined : frame.toString('utf8', start, end)
}

/** Empty when there is none. */
async function firstFrame(server: BrokerServer, ca: string | undefined): Promise<Buffer> {
  const socket = openSocket(server, ca)
  const chunks: Buffer[] = []
  const stopDeadline = startDeadline(LIMIT_MS, () => socket.destroy())
  try {
    socket.write(PROTOCOL_HEADER)
    for await (const chunk of socket.iterator({ destroyOnReturn: true })) {
      if (Buffer.isBuffer(chunk)) chunks.push(chunk)
      const read = Buffer.concat(chunks)
      if (read.length >= FRAME_HEAD && read.length >= Math.min(FRAME_HEAD + read.readUInt32BE(3) + FRAME_END, MAX_FRAME)) return read
    }
  } catch {
    // Whoever connects afterwards meets the same failure, and says it.
  } finally {
    stopDeadline()
    socket.destroy()
  }
  return Buffer.concat(chunks)
}

function openSocket({ host, port, usesTls }: BrokerServer, ca: string | undefined): Socket {
  return usesTls ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) }) : connectPlain({ host, port })
}
