import type SMTPConnection from 'nodemailer/lib/smtp-connection'

type Done = (error?: Error | null) => void

/** Runs the commands of a connection, one at a time. */
export interface SmtpCommands {
  /** Rejects with the error that nodemailer calls back with, or with what ended the connection meanwhile. */
  run(run: (done: Done) => void): Promise<void>
  /** Closes the connection; the command in progress rejects with this error. */
  fail(error: Error): void
  readonly isOpen: boolean
  /** Calls back once, when the connection has ended; at once if it already has. */
  onEnd(callback: () => void): void
}

/** Turns the callbacks and events of a connection into promises that always settle. */
export function createSmtpCommands(connection: SMTPConnection): SmtpCommands {
  let isOpen = true
  let rejectCommand: (error: Error) => void = () => undefined
  let onEnd: () => void = () => undefined

  connection.on('error', (error: Error) => rejectCommand(error))
  connection.once('end', () => {
    isOpen = false
    onEnd()
    // Later, because an error that nodemailer reports in the same tick is more specific.
    queueMicrotask(() => rejectCommand(Object.assign(new Error('the connection ended'), { code: 'ECONNECTION' })))
  })

  return {
    run: (run) =>
      new Promise((resolve, reject) => {
        rejectCommand = reject
        run((error) => (error ? reject(error) : resolve()))
      }),
    fail(error) {
      rejectCommand(error)
      connection.close()
    },
    get isOpen() {
      return isOpen
    },
    onEnd(callback) {
      onEnd = callback
      if (!isOpen) callback()
    },
  }
}
