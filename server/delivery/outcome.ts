import type { AttemptResult, Refused } from './send-result.ts'

/** What an attempt means for its notification. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly httpStatus?: number }
  | { readonly kind: 'retry'; readonly reason: string; readonly httpStatus?: number; readonly afterMs?: number }
  /** `lastFailure`: what went wrong at the last attempt, if the reason is that the horizon has passed. */
  | { readonly kind: 'give_up'; readonly reason: string; readonly lastFailure?: string; readonly httpStatus?: number }

export interface OutcomeContext {
  /** Attempts made, this one included (>= 1). */
  readonly attempts: number
  readonly createdAgoMs: number
  readonly horizonMs: number
}

/** A notification that waited behind others until its horizon had passed still gets this many attempts. */
export const MIN_ATTEMPTS = 3
const GONE = 410

/**
 * SMTP codes that concern this client or the session, whatever command they reply to: bad sequence of commands, no mail
 * service, authentication required, mechanism too weak, credentials invalid, encryption required.
 */
const ABOUT_US: ReadonlySet<number> = new Set([503, 521, 530, 534, 535, 538])
/** The mail is too large. A server may say so as soon as MAIL FROM announces the size. */
const TOO_LARGE = 552

/**
 * Returns the outcome of an attempt. `not_sent` and `aborted` are no attempts, and their types are not accepted. Pure.
 *
 * | result                                                | outcome   | reason                |
 * |-------------------------------------------------------|-----------|-----------------------|
 * | 2xx                                                   | delivered |                       |
 * | 410                                                   | give_up   | gone                  |
 * | any other status                                      | retry     | http_<status>         |
 * | no response: network, timeout, DNS, TLS, SSRF guard   | retry     | the result's          |
 * | cannot be built                                       | give_up   | the result's          |
 * | the mail server accepted the mail                     | delivered |                       |
 * | it rejected the mail temporarily: 4xx                 | retry     | smtp_<code>           |
 * | it rejected the mail permanently: 5xx, see below      | either    | smtp_<code>           |
 * | a retry past the horizon, after at least 3 attempts   | give_up   | horizon_passed        |
 *
 * A 5xx gives a mail up only if it concerns that mail. One that would hit every other mail as well (the login, the
 * right to use the server, the sender's address) has to be fixed by an operator; the mails go out after that.
 *
 * | 5xx in reply to                | it concerns                                   | outcome |
 * |--------------------------------|-----------------------------------------------|---------|
 * | greeting, EHLO, STARTTLS, AUTH | the server, or our login (530, 534, 535, 538) | retry   |
 * | MAIL FROM                      | our sender's address, the same in every mail  | retry   |
 * | MAIL FROM: 552                 | the size that was announced                   | give_up |
 * | RCPT TO                        | the recipient                                 | give_up |
 * | DATA, or the text              | the message                                   | give_up |
 * | the last two: 503, 521, 53x    | the session, or this client                   | retry   |
 */
export function outcomeOf(result: AttemptResult, context: OutcomeContext): Outcome {
  const outcome = outcomeBeforeHorizon(result)
  if (outcome.kind !== 'retry' || !isPastHorizon(context)) return outcome
  return {
    kind: 'give_up',
    reason: 'horizon_passed',
    lastFailure: outcome.reason,
    ...(outcome.httpStatus !== undefined && { httpStatus: outcome.httpStatus }),
  }
}

function outcomeBeforeHorizon(result: AttemptResult): Outcome {
  switch (result.kind) {
    case 'answered':
      return outcomeOfStatus(result.httpStatus, result.retryAfterMs)
    case 'accepted':
      return { kind: 'delivered' }
    case 'refused':
      return { kind: concernsOneMail(result) ? 'give_up' : 'retry', reason: `smtp_${result.smtpCode}` }
    case 'failed':
      return { kind: 'retry', reason: result.reason }
    case 'unbuildable':
      return { kind: 'give_up', reason: result.reason }
    default:
      return result satisfies never
  }
}

function concernsOneMail({ smtpCode, stage }: Refused): boolean {
  if (smtpCode < 500 || stage === 'session') return false
  return stage === 'sender' ? smtpCode === TOO_LARGE : !ABOUT_US.has(smtpCode)
}

function outcomeOfStatus(httpStatus: number, afterMs: number | undefined): Outcome {
  if (httpStatus >= 200 && httpStatus <= 299) return { kind: 'delivered', httpStatus }
  if (httpStatus === GONE) return { kind: 'give_up', reason: 'gone', httpStatus }
  return { kind: 'retry', reason: `http_${httpStatus}`, httpStatus, ...(afterMs !== undefined && { afterMs }) }
}

const isPastHorizon = ({ attempts, createdAgoMs, horizonMs }: OutcomeContext) =>
  createdAgoMs >= horizonMs && attempts >= MIN_ATTEMPTS
