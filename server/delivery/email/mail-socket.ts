import type { Socket } from 'node:net'
import type { SMTPPoolOptions } from 'nodemailer/lib/smtp-pool'
import { connectFirst } from '../../runtime/connect-first.ts'
import { startDeadline } from '../../runtime/deadline.ts'
import { errorCode } from '../../runtime/error-code.ts'
import type { Resolve } from '../resolve.ts'

export interface MailSocketParts {
  readonly host: string
  readonly port: number
  /** From the name to the end of the TCP handshake. */
  readonly connectMs: number
  readonly resolve: Resolve
}

type GetSocket = NonNullable<SMTPPoolOptions['getSocket']>

/**
 * Connects to the mail server as webhooks are connected: to the address that answers first of those that the operating system
 * has for the name. nodemailer's own way asks DNS past the hosts file and the search list, and keeps what it hears for five
 * minutes. Errors have the form of nodemailer's.
 */
export const mailSocket = (parts: MailSocketParts): GetSocket => (_options, callback) => {
  connectTo(parts).then((connection) => callback(null, { connection }), (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), false))
}

function connectTo({ host, port, connectMs, resolve }: MailSocketParts): Promise<Socket> {
  return new Promise((connected, reject) => {
    let isOver = false
    let giveUp: () => void = () => undefined
    const stopDeadline = startDeadline(connectMs, () => {
      isOver = true
      giveUp()
      reject(mailError('ETIMEDOUT', 'no connection in time', { timeoutType: 'CONNECT_TIMEOUT' }))
    })
    resolve(host).then((addresses) => {
      if (isOver) return
      giveUp = connectFirst({ addresses, port }, (error, socket) => {
        stopDeadline()
        if (socket) connected(socket)
        else reject(mailError('ESOCKET', error?.message, { originalCode: errorCode(error), syscall: 'connect' }))
      })
    }, (error: unknown) => {
      stopDeadline()
      reject(mailError('EDNS', error instanceof Error ? error.message : String(error), { originalCode: errorCode(error) }))
    })
  })
}

/** See `SmtpError` in smtp-result.ts. */
const mailError = (code: string, message: string | undefined, members: object) => Object.assign(new Error(message), { code, command: 'CONN', ...members })
