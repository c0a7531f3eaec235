import type { Socket } from 'node:net'
import { startRawReceiver, type RawReceiver } from './raw-receiver.ts'

/** Answers by verb; what is not given is answered as a server does that takes everything. */
export interface MailScript {
  /** Undefined: none is sent. */
  readonly greeting?: string | undefined
  /** By the first word of the line, or `.` for the end of a text. `withheld`: no answer; `cut`: the connection ends. */
  readonly answers?: Readonly<Record<string, string>>
}

export interface ScriptedMailServer extends RawReceiver {
  /** Commands as they came, over all connections. Of texts only their ends. */
  readonly lines: readonly string[]
}

const USUAL: Readonly<Record<string, string>> = { EHLO: '250 scripted', MAIL: '250 ok', RCPT: '250 ok', DATA: '354 go on', '.': '250 taken', RSET: '250 ok', QUIT: '221 bye' }

/** A mail server that says word for word what the test wants, and remembers what it was told. */
export async function startScriptedMailServer({ answers = {}, ...rest }: MailScript = {}): Promise<ScriptedMailServer> {
  const greeting = 'greeting' in rest ? rest.greeting : '220 scripted'
  const lines: string[] = []
  const sessions = new Map<Socket, { buffered: string; isText: boolean }>()

  function take(socket: Socket, line: string, session: { isText: boolean }): void {
    if (session.isText && line !== '.') return
    lines.push(line)
    const verb = line.split(' ', 1)[0]?.toUpperCase() ?? ''
    const answer = answers[verb] ?? USUAL[verb] ?? '500 what?'
    session.isText = verb === 'DATA' && answer.startsWith('354')
    if (answer === 'cut') socket.destroy()
    else if (answer !== 'withheld') socket.write(`${answer}\r\n`)
  }

  const server = await startRawReceiver((socket, chunk) => {
    const session = sessions.get(socket) ?? { buffered: '', isText: false }
    sessions.set(socket, session)
    const parts = (session.buffered + chunk.toString()).split('\r\n')
    session.buffered = parts.pop() ?? ''
    for (const line of parts) take(socket, line, session)
  }, (socket) => {
    if (greeting !== undefined) socket.write(`${greeting}\r\n`)
  })
  return { ...server, lines }
}
