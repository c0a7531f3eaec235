import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode, type Answer } from 'dns-packet'

/** `silent`: no reply ever comes. `broken`: SERVFAIL. */
export type DnsReply = readonly string[] | 'unknown' | 'broken' | 'refused' | 'silent'

/** A DNS server on 127.0.0.1 that replies by a function: addresses of both families, or why there are none. */
export interface DnsServer {
  /** `127.0.0.1:port` */
  readonly address: string
  readonly asked: ReadonlySet<string>
  close(): Promise<void>
}

const NAME_ERROR = 3
const SERVER_FAILURE = 2
const REFUSED = 5

export async function startDnsServer(
  reply: (name: string, type: string) => DnsReply,
  listenPort = 0,
): Promise<DnsServer> {
  const socket = createSocket('udp4')
  const asked = new Set<string>()
  socket.on('message', (message, { address, port }) => {
    const { id = 0, questions = [] } = decode(message)
    const [question] = questions
    if (!question) return
    asked.add(question.name)
    const said = reply(question.name, question.type)
    if (said === 'silent') return
    const answers =
      typeof said === 'string'
        ? []
        : said.flatMap((data): Answer[] =>
            typeOf(data) === question.type ? [{ type: typeOf(data), name: question.name, ttl: 0, data }] : [],
          )
    const rcode = { unknown: NAME_ERROR, broken: SERVER_FAILURE, refused: REFUSED }[String(said)] ?? 0
    socket.send(encode({ type: 'response', id, flags: RECURSIVE | rcode, questions, answers }), port, address)
  })
  socket.bind(listenPort, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    async close() {
      socket.close()
      await once(socket, 'close')
    },
  }
}

const RECURSIVE = 0x0180
const typeOf = (address: string) => (address.includes(':') ? 'AAAA' : 'A')
