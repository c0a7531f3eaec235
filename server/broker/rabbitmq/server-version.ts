import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { BrokerServer } from '../../config/broker-url.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { UnusableBroker } from '../broker.ts'

const MIN_VERSION = { major: 3, minor: 10 }
/** For the whole check: a server that sends a byte now and then must not hold up the start. */
const LIMIT_MS = 5000
/** What a client sends first (AMQP 0-9-1, 4.2.2). */
const PROTOCOL_HEADER = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1')
/** Type, channel and size, before the payload of a frame; one byte ends it (AMQP 0-9-1, 4.2.3). */
const FRAME_HEADER_BYTES = 7
const FRAME_END_BYTES = 1
/** RabbitMQ's first frame has about 500 bytes. */
const MAX_FRAME_BYTES = 64 * 1024

/**
 * Throws `UnusableBroker` when the server is a RabbitMQ that is too old for the queues of this service. The client
 * library does not expose the properties of a server, so this reads the first frame of a connection of its own, before
 * any login. It ignores a server that cannot be reached or is no RabbitMQ: the connections that follow report that.
 */
export async function rejectOldServer(server: BrokerServer, ca: string | undefined): Promise<void> {
  const version = versionIn(await firstFrame(server, ca))
  if (version !== undefined && isTooOld(version)) {
    throw new UnusableBroker(
      `RabbitMQ ${version} is too old; it must be ${MIN_VERSION.major}.${MIN_VERSION.minor} or newer. Upgrade it, ` +
        'name a newer one, or set neither BROKER_URL nor TAPIS_QUEUE_HOST to let the database carry the events',
    )
  }
}

/** Returns the version in the `connection.start` of a RabbitMQ; undefined: there is none, or it is another program. */
export function versionIn(frame: Buffer): string | undefined {
  return textUnder(frame, 'product') === 'RabbitMQ' ? textUnder(frame, 'version') : undefined
}

/** Compares the first two numbers of versions like `3.8.11`, `3.13.7+1`, `4.1.0-rc.2`. */
export function isTooOld(version: string): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? []
  return (
    major !== undefined &&
    (Number(major) < MIN_VERSION.major || (Number(major) === MIN_VERSION.major && Number(minor) < MIN_VERSION.minor))
  )
}

/**
 * Finds a long string in the server properties: a short key, `S`, four bytes of length, the text (AMQP 0-9-1, 4.2.5).
 */
function textUnder(frame: Buffer, key: string): string | undefined {
  const at = frame.indexOf(Buffer.from(`${String.fromCharCode(key.length)}${key}S`, 'latin1'))
  const start = at + key.length + 6
  if (at < 0 || start > frame.length) return undefined
  const end = start + frame.readUInt32BE(start - 4)
  return end > frame.length ? undefined : frame.toString('utf8', start, end)
}

/** Returns the first frame, or an empty buffer when there is none. */
async function firstFrame(server: BrokerServer, ca: string | undefined): Promise<Buffer> {
  const socket = openSocket(server, ca)
  const chunks: Buffer[] = []
  const stopDeadline = startDeadline(LIMIT_MS, () => socket.destroy())
  try {
    socket.write(PROTOCOL_HEADER)
    for await (const chunk of socket.iterator({ destroyOnReturn: true })) {
      if (Buffer.isBuffer(chunk)) chunks.push(chunk)
      const read = Buffer.concat(chunks)
      if (
        read.length >= FRAME_HEADER_BYTES &&
        read.length >= Math.min(FRAME_HEADER_BYTES + read.readUInt32BE(3) + FRAME_END_BYTES, MAX_FRAME_BYTES)
      )
        return read
    }
  } catch {
    // The connections that follow meet the same failure and report it.
  } finally {
    stopDeadline()
    socket.destroy()
  }
  return Buffer.concat(chunks)
}

function openSocket({ host, port, usesTls }: BrokerServer, ca: string | undefined): Socket {
  return usesTls
    ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...(ca === undefined ? {} : { ca }) })
    : connectPlain({ host, port })
}
