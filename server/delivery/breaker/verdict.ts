import type { AttemptResult, FailureReason } from '../send-result.ts'

/** What the result of an attempt says of the place where it went. `unknown`: nothing. */
export interface Verdict {
  /** Of the server, which all its addresses share. */
  readonly server: 'reached' | 'unreached' | 'unknown'
  /** Of the address, whatever it says of the notification. */
  readonly address: 'works' | 'fails' | 'unknown'
}

const UNREACHED: ReadonlySet<FailureReason> = new Set([
  'dns',
  'address_refused',
  'connect_refused',
  'unreachable',
  'connect_timeout',
  'connect_failed',
  'tls',
])

/**
 * Statuses below 500 that say that nothing is taken there at the moment: not authorized, forbidden, not found, wrong
 * method, proxy authentication, timeout, too many requests. The others judge one notification.
 */
const CLOSED_DOOR: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 408, 429])

/**
 * Returns the verdict on a result. Pure.
 *
 * | result                                                      | server    | address |
 * |-------------------------------------------------------------|-----------|---------|
 * | no connection: look-up, TCP, TLS, SSRF guard                | unreached | unknown |
 * | connected, and no usable response                           | reached   | fails   |
 * | 2xx; 400, 410, 413, 422 and other 4xx                       | reached   | works   |
 * | 1xx, 3xx, 5xx, 401, 403, 404, 405, 407, 408, 429            | reached   | fails   |
 * | mail: accepted, or rejected for good                        | reached   | works   |
 * | mail: rejected temporarily                                  | reached   | fails   |
 * | mail: greeting, EHLO, STARTTLS or login rejected            | unreached | unknown |
 * | mail: silence or a broken connection before its text        | unknown   | fails   |
 * | no request can be made, or a fault of our own               | unknown   | unknown |
 */
export function verdictOn(result: AttemptResult): Verdict {
  switch (result.kind) {
    case 'answered':
      return { server: 'reached', address: isTaken(result.httpStatus) ? 'works' : 'fails' }
    case 'accepted':
      return { server: 'reached', address: 'works' }
    case 'refused':
      if (result.stage === 'session') return { server: 'unreached', address: 'unknown' }
      return { server: 'reached', address: result.smtpCode >= 500 ? 'works' : 'fails' }
    case 'failed':
      if (UNREACHED.has(result.reason)) return { server: 'unreached', address: 'unknown' }
      if (result.reason === 'internal' || result.reason === 'smtputf8_unsupported') return NOTHING
      return { server: result.stage === 'answer' ? 'reached' : 'unknown', address: 'fails' }
    case 'unbuildable':
      return NOTHING
    default:
      return result satisfies never
  }
}

const NOTHING: Verdict = { server: 'unknown', address: 'unknown' }

const isTaken = (status: number) =>
  (status >= 200 && status <= 299) || (status >= 400 && status <= 499 && !CLOSED_DOOR.has(status))
