import type { AttemptResult, Refused } from './send-result.ts'

/** What an attempt means for its notification. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly httpStatus?: number }
  | { readonly kind: 'retry'; readonly reason: string; readonly httpStatus?: number; readonly afterMs?: number }
  /** `lastFailure`: what went wrong at the last attempt, where the reason is that there have been enough of them. */
  | { readonly kind: 'give_up'; readonly reason: string; readonly lastFailure?: string; readonly httpStatus?: number }

export interface OutcomeContext {
  /** Attempts made, this one included (>= 1). */
  readonly attempts: number
  readonly createdAgoMs: number
  readonly horizonMs: number
}

/** A notification that waited behind others past its horizon still gets this many attempts. */
const LEAST_ATTEMPTS = 3
const GONE = 410

/** SMTP codes that speak of us or of the session, whatever they answer: bad sequence, no mail here, log in, log in better, encrypt. */
const ABOUT_US: ReadonlySet<number> = new Set([503, 521, 530, 534, 535, 538])
/** The mail is too large, which a server may say as soon as MAIL FROM announces its size. */
const TOO_LARGE = 552

/**
 * Judges an attempt that was made; `not_sent` and `aborted` are none, and the compiler refuses them here.
 *
 * | result                                                | outcome   | reason                |
 * |-------------------------------------------------------|-----------|-----------------------|
 * | 2xx                                                   | delivered |                       |
 * | 410                                                   | give_up   | gone                  |
 * | any other status                                      | retry     | http_<status>         |
 * | no answer: network, time-out, DNS, TLS, address guard | retry     | as of the result      |
 * | cannot be built                                       | give_up   | as of the result      |
 * | a mail server took the mail                           | delivered |                       |
 * | it refused for the moment: 4xx                        | retry     | smtp_<code>           |
 * | it refused for good: 5xx, see below                   | either    | smtp_<code>           |
 * | a retry past the horizon, with at least 3 attempts    | give_up   | horizon_passed        |
 *
 * A 5xx gives up one mail when it speaks of that mail, and none when it would meet every other one as well: our login, our
 * right to use the server and our sender's address are for an operator to mend, and the mails go out when that is done.
 *
 * | 5xx as the answer to           | it speaks of                                  | outcome |
 * |--------------------------------|-----------------------------------------------|---------|
 * | greeting, EHLO, STARTTLS, AUTH | the server, or our login (530, 534, 535, 538) | retry   |
 * | MAIL FROM                      | our sender's address, the same in every mail  | retry   |
 * | MAIL FROM: 552                 | the size that was announced                   | give_up |
 * | RCPT TO                        | the recipient                                 | give_up |
 * | DATA, or the text              | the message                                   | give_up |
 * | the last two: 503, 521, 53x    | the session, or us                            | retry   |
 */
export function outcomeOf(result: AttemptResult, context: OutcomeContext): Outcome {
  const outcome = firstView(result)
  if (outcome.kind !== 'retry' || !isPastHorizon(context)) return outcome
  return { kind: 'give_up', reason: 'horizon_passed', lastFailure: outcome.reason, ...(outcome.httpStatus !== undefined && { httpStatus: outcome.httpStatus }) }
}

function firstView(result: AttemptResult): Outcome {
  switch (result.kind) {
    case 'answered':
      return ofStatus(result.httpStatus, result.retryAfterMs)
    case 'accepted':
      return { kind: 'delivered' }
    case 'refused':
      return { kind: isFinal(result) ? 'give_up' : 'retry', reason: `smtp_${result.smtpCode}` }
    case 'failed':
      return { kind: 'retry', reason: result.reason }
    case 'unbuildable':
      return { kind: 'give_up', reason: result.reason }
    default:
      return result satisfies never
  }
}

function isFinal({ smtpCode, stage }: Refused): boolean {
  if (smtpCode < 500 || stage === 'session') return false
  return stage === 'sender' ? smtpCode === TOO_LARGE : !ABOUT_US.has(smtpCode)
}

function ofStatus(httpStatus: number, afterMs: number | undefined): Outcome {
  if (httpStatus >= 200 && httpStatus <= 299) return { kind: 'delivered', httpStatus }
  if (httpStatus === GONE) return { kind: 'give_up', reason: 'gone', httpStatus }
  return { kind: 'retry', reason: `http_${httpStatus}`, httpStatus, ...(afterMs !== undefined && { afterMs }) }
}

const isPastHorizon = ({ attempts, createdAgoMs, horizonMs }: OutcomeContext) => createdAgoMs >= horizonMs && attempts >= LEAST_ATTEMPTS
