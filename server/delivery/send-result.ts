/** Why there was no usable response. The codes are stored with the attempt and shown to people. */
export type FailureReason =
  | 'dns'
  | 'address_refused'
  | 'connect_refused'
  | 'unreachable'
  | 'connect_timeout'
  | 'connect_failed'
  | 'tls'
  | 'answer_timeout'
  | 'closed_early'
  | 'bad_answer'
  /** The address of our own sender needs an extension that the mail server lacks. */
  | 'smtputf8_unsupported'
  /** A bug in this service; the log has the error. */
  | 'internal'

export interface Answered {
  readonly kind: 'answered'
  readonly httpStatus: number
  /** Only with 429 and 503; see webhook/response-head.ts. */
  readonly retryAfterMs?: number
  readonly durationMs: number
}

export interface Failed {
  readonly kind: 'failed'
  readonly reason: FailureReason
  /**
   * `connect`: nothing of the request was written, and the failure concerns the whole origin. `answer`: the receiver
   * may have the request.
   */
  readonly stage: 'connect' | 'answer'
  readonly durationMs: number
}

/** The mail server has accepted the mail, or the provider is one that sends none. */
export interface Accepted {
  readonly kind: 'accepted'
  readonly durationMs: number
}

/** The mail server replied with a code of 400 to 599 (RFC 5321 4.2.1), or its announced maximum size implies 552. */
export interface Refused {
  readonly kind: 'refused'
  readonly smtpCode: number
  readonly stage: RefusalStage
  readonly durationMs: number
}

/**
 * What was rejected. `session`: greeting, EHLO, STARTTLS, login. `sender`: MAIL FROM. `recipient`: RCPT TO. `message`:
 * DATA and the text.
 */
export type RefusalStage = 'session' | 'sender' | 'recipient' | 'message'

/** No receiver will ever see this request. */
export interface Unbuildable {
  readonly kind: 'unbuildable'
  readonly reason: 'bad_address' | 'bad_credentials' | 'bad_header' | 'smtputf8_unsupported'
}

/** The result of an attempt that was made. */
export type AttemptResult = Answered | Accepted | Refused | Failed | Unbuildable

export type SendResult =
  | AttemptResult
  /** `maySend` returned false; not a byte was written. */
  | { readonly kind: 'not_sent' }
  /** The signal fired or the sender was closed. `wasWritten`: the receiver may have the request. */
  | { readonly kind: 'aborted'; readonly wasWritten: boolean }
