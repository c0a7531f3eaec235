import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { startRawReceiver, type RawReceiver } from './raw-receiver.ts'

/** Replies by verb; for what is not given the server accepts everything. */
export interface MailScript {
  /** Undefined: none is sent. */
  readonly greeting?: string | undefined
  /** By the first word of the line, or `.` for the end of a text. `withheld`: no reply; `cut`: the connection ends. */
  readonly answers?: Readonly<Record<string, string>>
  /** By the same words, and `greeting`: how long a reply takes. At once unless given. */
  readonly delaysMs?: Readonly<Record<string, number>>
  /** After its reply to this word the server reads nothing more, until the test resumes the connection. */
  readonly stopsReadingAt?: string
  /** What happens to a handshake after the reply 220 to STARTTLS. */
  readonly handshake?: keyof typeof HANDSHAKES
}

/** What a broken server does with a ClientHello. */
const HANDSHAKES = {
  cut: (socket: Socket) => void socket.destroy(),
  reset: (socket: Socket) => void socket.resetAndDestroy(),
  closed: (socket: Socket) => void socket.end(),
  silent: () => undefined,
  garbage: (socket: Socket) => void socket.write('220 what is this?\r\n'),
  /** handshake_failure (RFC 8446 6.2) */
  alert: (socket: Socket) => void socket.end(Buffer.from([0x15, 0x03, 0x01, 0, 2, 2, 40])),
  /** protocol_version */
  version: (socket: Socket) => void socket.end(Buffer.from([0x15, 0x03, 0x01, 0, 2, 2, 70])),
} as const

export interface ScriptedMailServer extends RawReceiver {
  /** Commands as they came, over all connections. Of texts only their ends. */
  readonly lines: readonly string[]
}

const USUAL: Readonly<Record<string, string>> = {
  EHLO: '250 scripted',
  MAIL: '250 ok',
  RCPT: '250 ok',
  DATA: '354 go on',
  '.': '250 taken',
  RSET: '250 ok',
  QUIT: '221 bye',
}

/** A mail server that replies word for word what the test wants, and remembers what it received. */
export async function startScriptedMailServer({
  answers = {},
  delaysMs = {},
  stopsReadingAt,
  handshake,
  ...rest
}: MailScript = {}): Promise<ScriptedMailServer> {
  const greeting = 'greeting' in rest ? rest.greeting : '220 scripted'
  const lines: string[] = []
  const sessions = new Map<Socket, { buffered: string; isText: boolean; isSecuring: boolean }>()

  function take(socket: Socket, line: string, session: { isText: boolean; isSecuring: boolean }): void {
    if (session.isText && line !== '.') return
    lines.push(line)
    const verb = line.split(' ', 1)[0]?.toUpperCase() ?? ''
    const answer = answers[verb] ?? USUAL[verb] ?? '500 what?'
    session.isText = verb === 'DATA' && answer.startsWith('354')
    session.isSecuring = verb === 'STARTTLS' && answer.startsWith('220')
    if (answer === 'cut') socket.destroy()
    else if (answer !== 'withheld') say(socket, verb, answer)
    if (verb === stopsReadingAt) socket.pause()
  }

  function say(socket: Socket, verb: string, answer: string): void {
    const delayMs = delaysMs[verb] ?? 0
    if (delayMs === 0) socket.write(`${answer}\r\n`)
    else void delay(delayMs).then(() => socket.write(`${answer}\r\n`))
  }

  const server = await startRawReceiver(
    (socket, chunk) => {
      const session = sessions.get(socket) ?? { buffered: '', isText: false, isSecuring: false }
      sessions.set(socket, session)
      if (session.isSecuring && handshake !== undefined) {
        HANDSHAKES[handshake](socket)
        return
      }
      const parts = (session.buffered + chunk.toString()).split('\r\n')
      session.buffered = parts.pop() ?? ''
      for (const line of parts) take(socket, line, session)
    },
    (socket) => {
      if (greeting !== undefined) say(socket, 'greeting', greeting)
    },
  )
  return { ...server, lines }
}
