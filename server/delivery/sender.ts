import type { SendResult } from './send-result.ts'

/** One attempt at a notification, whatever its method. */
export interface SendRequest {
  /** The notification's: the same at every attempt. */
  readonly uuid: string
  readonly tenant: string
  readonly address: string
  /** The notification as JSON (contract 5.3), the same bytes at every attempt. */
  readonly body: Buffer
  readonly signal: AbortSignal
  /** Asked as late as can be, in the tick in which the notification is handed over. No: nothing of it may leave. */
  readonly maySend: () => boolean
  /**
   * Reads the head of the lane again, so that `maySend` speaks of now: for a receiver that takes longer to be ready than a
   * claim may be old. Never rejects; where the database cannot be asked, `maySend` goes on saying no.
   */
  readonly renew: () => Promise<void>
}

/** Sends notifications by one method. */
export interface Sender {
  /** At most one notification leaves. Never rejects; always resolves, within the limits of its method. */
  send(request: SendRequest): Promise<SendResult>
  /** Ends what is open; what is under way comes back as `aborted`, as does every later send. */
  close(): Promise<void>
}
