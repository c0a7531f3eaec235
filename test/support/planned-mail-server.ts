import { buffer } from 'node:stream/consumers'
import { createWaiter } from '@tidings/harness/wait-until.ts'
import { SMTPServer } from 'smtp-server'
import { createMailChecker, type MailTally } from './mail-checker.ts'
import type { PlannedMail } from './mail-plan.ts'

export interface PlannedMailServer {
  readonly port: number
  /** Resolves when every mail has its outcome. Rejects when nothing more happened for so long. */
  settled(patienceMs: number): Promise<void>
  books(): MailTally
  close(): Promise<void>
}

/**
 * A real SMTP server on 127.0.0.1 that treats each mail as the plan means it. A mail tells its number in the type of
 * its event: `jobs.RUN.M<number>`.
 */
export async function startPlannedMailServer(plan: readonly PlannedMail[]): Promise<PlannedMailServer> {
  const judge = createMailChecker(plan)
  const waiting = createWaiter()
  let answers = 0

  const answer = (code: number | undefined, callback: (error?: Error) => void) => {
    answers += 1
    waiting.check()
    callback(code === undefined ? undefined : Object.assign(new Error('as planned'), { responseCode: code }))
  }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    closeTimeout: 1,
    onRcptTo: ({ address }, _session, callback) => answer(judge.recipient(address), callback),
    onData: (stream, _session, callback) =>
      void buffer(stream).then(
        (raw) => answer(judge.message(numberOf(raw)), callback),
        () => undefined,
      ),
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.server.address()

  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async settled(patienceMs) {
      for (let before = -1; before !== answers;) {
        before = answers
        const isOver = await waiting
          .until(
            () => judge.isOver,
            patienceMs,
            () => '',
          )
          .then(
            () => true,
            () => false,
          )
        if (isOver) return
      }
      throw new Error(`nothing came for ${patienceMs} ms: ${JSON.stringify(judge.books())}`)
    },
    books: judge.books,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** The number of a mail, from its subject line. */
const numberOf = (raw: Buffer) => Number(/^Subject: .*jobs\.RUN\.M(\d+)/m.exec(raw.toString('latin1'))?.[1] ?? -1)
