import type { SendResult } from './send-result.ts'

/** One attempt at a notification, whatever its method. */
export interface SendRequest {
  /** Of the notification: the same at every attempt. */
  readonly uuid: string
  readonly tenant: string
  readonly address: string
  /** The notification as JSON (protocol 5.3), the same bytes at every attempt. */
  readonly body: Buffer
  readonly signal: AbortSignal
  /** Called as late as possible, in the tick in which the notification is handed over. False: nothing may leave. */
  readonly maySend: () => boolean
  /**
   * Looks for deletions again, so that `maySend` is up to date: for a receiver that is ready at a moment when the last
   * good look is too old. Never rejects; while the database is unreachable, `maySend` keeps returning false.
   */
  readonly renew: () => Promise<void>
}

/** Sends notifications by one method. */
export interface Sender {
  /**
   * Makes one attempt: the notification leaves at most once. Never rejects; resolves within the method's time limits.
   */
  send(request: SendRequest): Promise<SendResult>
  /** Closes all connections. Sends in progress resolve as `aborted`, as does every later one. */
  close(): Promise<void>
}
