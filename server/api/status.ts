import { setTimeout as delay } from 'node:timers/promises'
import type { Envelopes } from './envelope.ts'
import type { RawAnswer } from './route.ts'

const CHECK_LIMIT_MS = 2000
/** Probes of several balancers share one evaluation. */
const KEPT_MS = 1000
const SERVICE = 'Notifications Service'

export interface ReadyCheck {
  /** Shown as `<name>:PASS` or `<name>:FAIL`. */
  readonly name: 'CheckTenants' | 'CheckJWT' | 'CheckDB' | 'CheckMessageBroker' | 'CheckDispatcher'
  /** The word in `Readiness <label> check failed`. */
  readonly label: 'tenants' | 'JWT' | 'DB' | 'MessageBroker' | 'Dispatcher'
  /** False, a rejection and silence for 2 s all mean: not ready. So does a text, which says why. */
  run(): Promise<boolean | string>
}

export interface StatusOperations {
  health(): RawAnswer
  ready(): Promise<RawAnswer>
}

export interface StatusParts {
  /** In the order in which they are evaluated; the first failure ends it. */
  readonly checks: readonly ReadyCheck[]
  /** A sentence that the message ends with, whatever the checks say. Decides nothing: a long backlog is no fault. */
  readonly lastCanary?: (() => Promise<string>) | undefined
  readonly envelopes: Envelopes
  /** Monotonic milliseconds. */
  readonly clock?: () => number
}

interface Verdict {
  /** E.g. `CheckTenants:PASS CheckJWT:FAIL`. */
  readonly flags: string
  readonly failed: ReadyCheck | undefined
  readonly reason?: string | undefined
}

/** Answers probes, without a token, at little cost (contract 3.1). */
export function createStatusOperations({ checks, lastCanary, envelopes, clock = () => performance.now() }: StatusParts): StatusOperations {
  let healthCount = 0
  let readyCount = 0
  const canary = async () => (lastCanary ? ` ${await lastCanary()}` : '')
  const verdict = keepFor(KEPT_MS, clock, () => Promise.all([evaluate(checks), canary()]))

  function health(): RawAnswer {
    healthCount += 1
    return { httpStatus: 200, text: envelopes.healthy(`TAPIS_HEALTHY Health check received by ${SERVICE}.`, `Health check received. Count: ${healthCount}`) }
  }

  async function ready(): Promise<RawAnswer> {
    readyCount += 1
    const number = readyCount
    const [{ flags, failed, reason }, canarySentence] = await verdict()
    if (failed) {
      const text = `Readiness ${failed.label} check failed. Check number: ${number} ${flags} `
      return { httpStatus: 503, text: envelopes.unready(`TAPIS_NOT_READY ${SERVICE} is not ready${reason === undefined ? '' : `: ${failed.label} ${reason}`}.${canarySentence}`, text) }
    }
    return { httpStatus: 200, text: envelopes.healthy(`TAPIS_READY Ready check passed by ${SERVICE}.${canarySentence}`, `Ready check passed. Count: ${number} ${flags}`) }
  }

  return { health, ready }
}

/** One evaluation at a time, its result shared for a while. */
function keepFor<T>(ms: number, clock: () => number, make: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | undefined
  let madeAt: number | undefined
  return () => {
    if (kept && (madeAt === undefined || clock() - madeAt < ms)) return kept
    madeAt = undefined
    kept = make().finally(() => {
      madeAt = clock()
    })
    return kept
  }
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
async function runWithLimit(check: ReadyCheck): Promise<boolean | string> {
  const limit = new AbortController()
  const isLate = delay(CHECK_LIMIT_MS, false, { signal: limit.signal }).catch(() => false)
  const passed = Promise.resolve().then(() => check.run()).catch(() => false)
  const result = await Promise.race([passed, isLate])
  limit.abort()
  return result
}
