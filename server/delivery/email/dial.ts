import type { Socket } from 'node:net'
import { connectHappyEyeballs } from '../../runtime/happy-eyeballs.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { errorCode } from '../../runtime/error-code.ts'
import type { Resolve } from '../names/resolve.ts'

export interface DialTarget {
  readonly host: string
  readonly port: number
  /** For name look-up and TCP handshake together, over all addresses. */
  readonly connectMs: number
  readonly resolve: Resolve
}

/**
 * Connects to the mail server as webhooks connect to receivers: to the address that accepts first, among those that the
 * operating system resolves the name to. nodemailer itself would ask DNS, without the hosts file and the search list,
 * and cache the result for five minutes. Rejects with nodemailer's codes (`EDNS`, `ESOCKET`, `ETIMEDOUT`), and when the
 * signal is aborted.
 */
export function dial({ host, port, connectMs, resolve }: DialTarget, signal: AbortSignal): Promise<Socket> {
  return new Promise((connected, reject) => {
    let isOver = false
    let giveUp: () => void = () => undefined
    const stopDeadline = startDeadline(connectMs, () =>
      fail(mailError('ETIMEDOUT', 'no connection in time', { timeoutType: 'CONNECT_TIMEOUT' })),
    )
    const onAbort = () => fail(new Error('aborted'))

    function finish(): boolean {
      const isFirst = !isOver
      isOver = true
      stopDeadline()
      signal.removeEventListener('abort', onAbort)
      return isFirst
    }

    function fail(error: Error): void {
      if (!finish()) return
      giveUp()
      reject(error)
    }

    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) {
      onAbort()
      return
    }
    resolve(host).then(
      (addresses) => {
        if (isOver) return
        giveUp = connectHappyEyeballs({ addresses, port }, (error, socket) => {
          if (!socket)
            fail(mailError('ESOCKET', error?.message, { originalCode: errorCode(error), syscall: 'connect' }))
          else if (finish()) connected(socket)
        })
      },
      (error: unknown) =>
        fail(
          mailError('EDNS', error instanceof Error ? error.message : String(error), { originalCode: errorCode(error) }),
        ),
    )
  })
}

/** See `SmtpError` in smtp-result.ts. */
const mailError = (code: string, message: string | undefined, members: object) =>
  Object.assign(new Error(message), { code, command: 'CONN', ...members })
