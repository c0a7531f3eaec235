import type SMTPConnection from 'nodemailer/lib/smtp-connection'

type Done = (error?: Error | null) => void

/** What is asked of a connection, one thing at a time. */
export interface Steps {
  /** Rejects with what nodemailer calls back with, or with what ended the connection meanwhile. */
  step(run: (done: Done) => void): Promise<void>
  /** Ends the connection, and what is under way with this error. */
  fail(error: Error): void
  readonly isOpen: boolean
  onEnd(callback: () => void): void
}

/** Turns the callbacks and events of a connection into promises that always settle. */
export function createSteps(connection: SMTPConnection): Steps {
  let isOpen = true
  let rejectStep: (error: Error) => void = () => undefined
  let onEnd: () => void = () => undefined

  connection.on('error', (error: Error) => rejectStep(error))
  connection.once('end', () => {
    isOpen = false
    onEnd()
    // Later: what nodemailer says of the end in this same tick says more.
    queueMicrotask(() => rejectStep(Object.assign(new Error('the connection ended'), { code: 'ECONNECTION' })))
  })

  return {
    step: (run) => new Promise((resolve, reject) => {
      rejectStep = reject
      run((error) => (error ? reject(error) : resolve()))
    }),
    fail(error) {
      rejectStep(error)
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
