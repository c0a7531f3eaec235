import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Envelope } from '@tidings/contract/envelope.ts'

/** A response as it came over the wire. */
export interface RawResponse {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

export interface RawConnection {
  readonly socket: Socket
  /** All that has come so far. */
  received(): string
  /** Answers that have come whole, by their Content-Length. */
  answers(): readonly RawResponse[]
  /** Resolves when the other side has closed; rejects when it has reset. */
  readonly closed: Promise<void>
}

/** A connection that the test closes at its end. What is written is sent byte for byte. */
export async function openRaw(address: string, localAddress?: string): Promise<RawConnection> {
  const { hostname, port } = new URL(address)
  const socket = connect({
    host: hostname,
    port: Number(port),
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  const closed = new Promise<void>((resolve, reject) => socket.once('close', () => resolve()).once('error', reject))
  closed.catch(() => undefined)
  await once(socket, 'connect')
  return { socket, closed, received: () => text, answers: () => answersIn(text) }
}

/** What comes for these bytes until the other side closes. */
export async function exchange(address: string, bytes: string | Buffer): Promise<readonly RawResponse[]> {
  const connection = await openRaw(address)
  connection.socket.write(bytes)
  await connection.closed
  return connection.answers()
}

export const envelopeIn = ({ text }: RawResponse): Envelope<never> => JSON.parse(text) as Envelope<never>

function answersIn(text: string): RawResponse[] {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return []
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const length = Number(headers['content-length'] ?? 0)
  const body = text.slice(end + 4, end + 4 + length)
  if (body.length < length) return []
  return [{ status: Number(first.split(' ')[1]), headers, text: body }, ...answersIn(text.slice(end + 4 + length))]
}
