/** Why no usable answer came. Codes are stored with the attempt and shown to people. */
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
  /** Our own sender's address needs an extension that the mail server does not have. */
  | 'smtputf8_unsupported'
  /** A bug of ours kept it from being sent; the log says which. */
  | 'internal'

export interface Answered {
  readonly kind: 'answered'
  readonly httpStatus: number
  /** Only with 429 and 503; see `retryAfterMs`. */
  readonly retryAfterMs?: number
  readonly durationMs: number
}

export interface Failed {
  readonly kind: 'failed'
  readonly reason: FailureReason
  /** `connect`: nothing was written, and it says something about the origin. `answer`: the receiver may have the request. */
  readonly stage: 'connect' | 'answer'
  readonly durationMs: number
}

/** A mail server has taken the mail over, or the provider is one that sends none. */
export interface Accepted {
  readonly kind: 'accepted'
  readonly durationMs: number
}

/** A mail server answered with a code of 400 to 599 (RFC 5321 4.2.1). */
export interface Refused {
  readonly kind: 'refused'
  readonly smtpCode: number
  readonly stage: RefusalStage
  readonly durationMs: number
}

/** What was refused. `session`: greeting, EHLO, STARTTLS, login. `sender`: MAIL FROM. `recipient`: RCPT TO. `message`: DATA and the text. */
export type RefusalStage = 'session' | 'sender' | 'recipient' | 'message'

/** No receiver will ever see this request. */
export interface Unbuildable {
  readonly kind: 'unbuildable'
  readonly reason: 'bad_address' | 'bad_credentials' | 'bad_header' | 'smtputf8_unsupported'
}

/** What an attempt came to. */
export type AttemptResult = Answered | Accepted | Refused | Failed | Unbuildable

export type SendResult =
  | AttemptResult
  /** `maySend` said no; not a byte was written. */
  | { readonly kind: 'not_sent' }
  /** The signal fired or the sender was closed. `wasWritten`: the receiver may have the request. */
  | { readonly kind: 'aborted'; readonly wasWritten: boolean }
