import type { EnvelopeWriter } from '../http/response/envelope-writer.ts'
import type { RawResponse } from '../http/route.ts'
import { createSingleFlight } from '../../runtime/single-flight.ts'
import { runWithin } from '../../runtime/within.ts'

const CHECK_LIMIT_MS = 2000
/** Probes of several load balancers share one evaluation. */
const CACHE_TTL_MS = 1000
const SERVICE = 'Notifications Service'

export interface ReadyCheck {
  /** Displayed as `<name>:PASS` or `<name>:FAIL`. */
  readonly name: 'CheckTenants' | 'CheckJWT' | 'CheckDB' | 'CheckMessageBroker' | 'CheckDispatcher'
  /** The word in `Readiness <label> check failed`. */
  readonly label: 'tenants' | 'JWT' | 'DB' | 'MessageBroker' | 'Dispatcher'
  /** False, a rejection and 2 s without a result all mean: not ready. So does a text, which says why. */
  run(): Promise<boolean | string>
}

export interface Status {
  health(): RawResponse
  ready(): Promise<RawResponse>
}

export interface StatusDeps {
  /** In the order in which they are evaluated; the first failure ends it. */
  readonly checks: readonly ReadyCheck[]
  /**
   * A sentence at the end of the message, whatever the checks say. It decides nothing: a long backlog is no failure.
   */
  readonly lastCanary?: (() => Promise<string>) | undefined
  readonly envelopes: EnvelopeWriter
  /** Monotonic milliseconds. */
  readonly clock?: () => number
}

interface Verdict {
  /** E.g. `CheckTenants:PASS CheckJWT:FAIL`. */
  readonly flags: string
  readonly failed: ReadyCheck | undefined
  readonly reason?: string | undefined
}

/** Responds to probes, without a token, at little cost (protocol 3.1). */
export function createStatus({ checks, lastCanary, envelopes, clock = () => performance.now() }: StatusDeps): Status {
  let healthCount = 0
  let readyCount = 0
  const canary = async () => (lastCanary ? ` ${await lastCanary()}` : '')
  const verdict = createSingleFlight(
    () => Promise.all([evaluate(checks), canary()]),
    { resultMs: CACHE_TTL_MS, errorMs: CACHE_TTL_MS },
    clock,
  )

  function health(): RawResponse {
    healthCount += 1
    return {
      httpStatus: 200,
      text: envelopes.healthy(
        `TAPIS_HEALTHY Health check received by ${SERVICE}.`,
        `Health check received. Count: ${healthCount}`,
      ),
    }
  }

  async function ready(): Promise<RawResponse> {
    readyCount += 1
    const number = readyCount
    const [{ flags, failed, reason }, canarySentence] = await verdict.run()
    if (failed) {
      const why = reason === undefined ? '' : `: ${failed.label} ${reason}`
      return {
        httpStatus: 503,
        text: envelopes.unready(
          `TAPIS_NOT_READY ${SERVICE} is not ready${why}.${canarySentence}`,
          `Readiness ${failed.label} check failed. Check number: ${number} ${flags} `,
        ),
      }
    }
    return {
      httpStatus: 200,
      text: envelopes.healthy(
        `TAPIS_READY Ready check passed by ${SERVICE}.${canarySentence}`,
        `Ready check passed. Count: ${number} ${flags}`,
      ),
    }
  }

  return { health, ready }
}

async function evaluate(checks: readonly ReadyCheck[]): Promise<Verdict> {
  const flags: string[] = []
  for (const check of checks) {
    const result = await runWithLimit(check)
    flags.push(`${check.name}:${result === true ? 'PASS' : 'FAIL'}`)
    if (result !== true) return { flags: flags.join(' '), failed: check, reason: result === false ? undefined : result }
  }
  return { flags: flags.join(' '), failed: undefined }
}

/** Whatever a check rejects with is logged where it belongs; here it is a plain no. */
const runWithLimit = (check: ReadyCheck): Promise<boolean | string> =>
  runWithin(CHECK_LIMIT_MS, () => check.run()).catch(() => false)
