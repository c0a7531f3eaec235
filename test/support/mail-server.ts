import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { createWaiter } from '@tidings/harness/wait-until.ts'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import { readMail, type ReceivedMail } from './received-mail.ts'
import { TEST_CERTIFICATE, TEST_CERTIFICATE_KEY } from './tls-fixture.ts'

/** A code to reject with; `withheld`: no reply, ever; undefined: yes. */
export type MailAnswer = number | 'withheld' | undefined

/** What a client asks, in the order of a session. */
export type MailQuestion =
  | { readonly kind: 'connect' }
  | { readonly kind: 'login'; readonly user: string; readonly password: string; readonly isEncrypted: boolean }
  | { readonly kind: 'sender'; readonly address: string }
  | { readonly kind: 'recipient'; readonly address: string }
  | { readonly kind: 'message'; readonly mail: ReceivedMail }

export interface MailServerOptions {
  /**
   * `starttls` unless said otherwise: offered, with the certificate of the tests. `none`: not offered. `tls`: from the
   * first byte.
   */
  readonly encryption?: 'none' | 'starttls' | 'tls'
  readonly needsLogin?: boolean
  readonly options?: SMTPServerOptions
}

/** A real SMTP server on 127.0.0.1, on a port of its own. */
export interface TestMailServer {
  readonly port: number
  /** Mails that were accepted, in their order. */
  readonly accepted: readonly ReceivedMail[]
  /** Everything that the server received. */
  readonly asked: readonly MailQuestion[]
  /** Decides every reply; called again for each command. */
  decide(callback: (question: MailQuestion) => MailAnswer | Promise<MailAnswer>): void
  /** The next `count` accepted mails that no earlier call took. Rejects at the deadline. */
  take(count: number, deadlineMs?: number): Promise<ReceivedMail[]>
  /** Resolves once the predicate holds, looked at with each question and each acceptance. Rejects at the deadline. */
  waitFor(predicate: () => boolean, deadlineMs?: number): Promise<void>
  /** Cuts all connections, and goes on listening. */
  cutConnections(): void
  /** Refuses connections and cuts the open ones. */
  goDown(): Promise<void>
  /** Listens again, on the same port. */
  comeUp(): Promise<void>
  close(): Promise<void>
}

const DEADLINE_MS = 10_000

export async function startMailServer({
  encryption = 'starttls',
  needsLogin = false,
  options = {},
}: MailServerOptions = {}): Promise<TestMailServer> {
  const accepted: ReceivedMail[] = []
  const asked: MailQuestion[] = []
  const sockets = new Set<Socket>()
  const waiting = createWaiter()
  let decide: Parameters<TestMailServer['decide']>[0] = () => undefined
  let taken = 0

  const answer: Ask = async (question, callback) => {
    asked.push(question)
    waiting.check()
    const decided = await decide(question)
    if (decided === undefined && question.kind === 'message') accepted.push(question.mail)
    waiting.check()
    if (decided === 'withheld') return
    callback(
      decided === undefined ? undefined : Object.assign(new Error('as the test decided'), { responseCode: decided }),
    )
  }

  let server = createServer(answer, sockets, { encryption, needsLogin, options })
  const port = await listen(server, 0)
  const waitFor = (predicate: () => boolean, deadlineMs = DEADLINE_MS) =>
    waiting.until(
      predicate,
      deadlineMs,
      () =>
        `the mail server timed out after ${deadlineMs} ms; ${accepted.length} mails and ${asked.length} commands came`,
    )
  const cutConnections = () => {
    for (const socket of sockets) socket.destroy()
  }
  const goDown = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    cutConnections()
    await closed
  }

  return {
    port,
    accepted,
    asked,
    waitFor,
    cutConnections,
    goDown,
    decide(callback) {
      decide = callback
    },
    async take(count, deadlineMs) {
      const from = taken
      taken += count
      await waitFor(() => accepted.length >= from + count, deadlineMs)
      return accepted.slice(from, from + count)
    },
    async comeUp() {
      server = createServer(answer, sockets, { encryption, needsLogin, options })
      await listen(server, port)
    },
    close: goDown,
  }
}

/** Asks for each step of a session. Calls back with an error that carries the code, with nothing, or not at all. */
type Ask = (question: MailQuestion, callback: (error?: Error) => void) => Promise<void>

function createServer(
  ask: Ask,
  sockets: Set<Socket>,
  { encryption, needsLogin, options }: Required<MailServerOptions>,
): SMTPServer {
  const server = new SMTPServer({
    secure: encryption === 'tls',
    key: TEST_CERTIFICATE_KEY,
    cert: TEST_CERTIFICATE,
    authOptional: !needsLogin,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    closeTimeout: 1,
    disabledCommands: [...(encryption === 'none' ? ['STARTTLS'] : []), ...(needsLogin ? [] : ['AUTH'])],
    onConnect: (_session, callback) => void ask({ kind: 'connect' }, callback),
    onAuth({ username = '', password }, session, callback) {
      void ask({ kind: 'login', user: username, password: password ?? '', isEncrypted: session.secure }, (error) =>
        callback(error ?? null, { user: username }),
      )
    },
    onMailFrom: ({ address }, _session, callback) => void ask({ kind: 'sender', address }, callback),
    onRcptTo: ({ address }, _session, callback) => void ask({ kind: 'recipient', address }, callback),
    onData(stream, session: SMTPServerSession, callback) {
      // A connection that is cut in the middle of a mail leaves no mail.
      buffer(stream)
        .then((raw) => readMail(raw, session))
        .then(
          (mail) => ask({ kind: 'message', mail }, callback),
          () => undefined,
        )
    },
    ...options,
  })
  // What clients do to their connections is the business of the test.
  server.on('error', () => undefined)
  server.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return server
}

/** Returns the port. */
function listen(server: SMTPServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      const address = server.server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
