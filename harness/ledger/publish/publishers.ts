import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '../../client.ts'
import type { RateLimiter } from './rate-limiter.ts'
import { SOURCE, type Plan, type SeriesPlan, type Step } from '../plan/publish-plan.ts'
import { outcomeOfResponse, outcomeOfFailure, type PublishOutcome } from './publish-outcome.ts'

const RETRY_AFTER_MS = 200

/** The result of one step. */
export interface StepRecord {
  /** From the response; undefined before it, and for an end of series. */
  uuid: string | undefined
  isStored: boolean
  /** When its first request started, in monotonic ms; undefined before. */
  sentAtMs: number | undefined
  /** Requests of unknown outcome: without a key each may have stored a copy. */
  unknowns: number
}

/** A series as it was planned and published. */
export interface SeriesHistory {
  readonly seriesId: string
  readonly subject: string
  readonly steps: readonly Step[]
  readonly records: readonly Readonly<StepRecord>[]
}

export interface PublishersDeps {
  readonly plan: Plan
  /** One per publisher; the series are distributed among them. */
  readonly clients: readonly Client[]
  /** Undefined: as fast as possible. */
  readonly rateLimiter?: RateLimiter | undefined
  readonly keyPrefix: string | undefined
  readonly onPublished: () => void
}

export interface Publishers {
  /**
   * Publishes everything: all series at once, each strictly one step after the other. After `endAtMs` (monotonic) no
   * step starts; those that have started are completed. Rejects when aborted.
   */
  run(signal: AbortSignal, endAtMs?: number): Promise<void>
  /** Returns the steps that have started. */
  histories(): SeriesHistory[]
  /** Responses that no publisher should get. */
  readonly unexpected: readonly string[]
}

export function createPublishers({ plan, clients, rateLimiter, keyPrefix, onPublished }: PublishersDeps): Publishers {
  const published = plan.series.map((series) =>
    series.steps.map((): StepRecord => ({ uuid: undefined, isStored: false, sentAtMs: undefined, unknowns: 0 })),
  )
  const unexpected: string[] = []

  async function publishSeries(
    series: SeriesPlan,
    place: number,
    { signal, endAtMs }: { signal: AbortSignal; endAtMs: number },
  ): Promise<void> {
    const client = clients[place % clients.length]
    if (!client) throw new Error('there is no publisher')
    for (const [index, record] of (published[place] ?? []).entries()) {
      await rateLimiter?.acquire(signal)
      if (performance.now() >= endAtMs) return
      record.sentAtMs = performance.now()
      const attempt = attemptOf(client, series, index)
      while (!record.isStored) {
        signal.throwIfAborted()
        const outcome = await attempt()
        note(record, outcome)
        if (outcome.kind !== 'stored') await delay(RETRY_AFTER_MS, undefined, { signal })
      }
      onPublished()
    }
  }

  function note(record: StepRecord, outcome: PublishOutcome): void {
    switch (outcome.kind) {
      case 'stored':
        record.isStored = true
        record.uuid = outcome.uuid
        break
      case 'not_stored':
        break
      case 'unexpected':
        unexpected.push(outcome.said)
        record.unknowns += 1
        break
      case 'unknown':
        record.unknowns += 1
        break
      default:
        outcome satisfies never
    }
  }

  /** Returns a function that sends the same request each time. */
  function attemptOf(client: Client, series: SeriesPlan, index: number): () => Promise<PublishOutcome> {
    const step = series.steps[index]
    if (!step) throw new Error(`${series.seriesId} has no step ${index}`)
    const headers: Record<string, string> =
      keyPrefix === undefined ? {} : { 'idempotency-key': `${keyPrefix} ${series.seriesId} ${index}` }
    const [path, body] = requestFor(series, step, index)
    return () => client.call('POST', path, body, headers).then(outcomeOfResponse, outcomeOfFailure)
  }

  return {
    unexpected,
    histories: () =>
      plan.series.map(({ seriesId, subject, steps }, place) => {
        const begun = (published[place] ?? []).filter((record) => record.sentAtMs !== undefined)
        return { seriesId, subject, steps: steps.slice(0, begun.length), records: begun }
      }),
    async run(signal, endAtMs = Infinity) {
      await Promise.all(plan.series.map((series, place) => publishSeries(series, place, { signal, endAtMs })))
    },
  }
}

function requestFor({ seriesId, subject }: SeriesPlan, step: Step, index: number): [path: string, body: object] {
  const key = { source: SOURCE, subject, seriesId }
  if (step.kind === 'end_series') return ['/events/endSeries', key]
  return [
    '/events/publish',
    {
      ...key,
      type: 'jobs.LEDGER.STEP',
      timestamp: new Date().toISOString(),
      data: eventData(index, step.paddingBytes),
      endSeries: step.ends === 'flag',
      deleteSubscriptionsMatchingSubject: step.ends === 'delete_flag',
    },
  ]
}

/** Returns data that begins with the step, so that an arrival shows which step it is. */
const eventData = (step: number, paddingBytes: number) => `${step} ${'x'.repeat(paddingBytes)}`

/** Returns the step that an event's data names; NaN if there is none. */
export const stepOf = (data: string | null) => Number.parseInt(data ?? '', 10)
