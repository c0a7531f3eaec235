import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '../../client.ts'
import type { Pace } from './pace.ts'
import { SOURCE, type Plan, type SeriesPlan, type Step } from '../plan/plan.ts'
import { outcomeOfAnswer, outcomeOfFailure, type PublishOutcome } from './publish-outcome.ts'

const RETRY_AFTER_MS = 200

/** What became of one step. */
export interface StepRecord {
  /** Of the answer; undefined as long as there was none, and for an end of series. */
  uuid: string | undefined
  isStored: boolean
  /** When the first request for it was begun, monotonic ms; undefined before. */
  sentAtMs: number | undefined
  /** Requests whose outcome was never told: without a key each may have stored a copy. */
  unknowns: number
}

/** A series as it was planned and published. */
export interface SeriesBook {
  readonly seriesId: string
  readonly subject: string
  readonly steps: readonly Step[]
  readonly records: readonly Readonly<StepRecord>[]
}

export interface PublishersParts {
  readonly plan: Plan
  /** One for each publisher; the series are dealt out among them. */
  readonly clients: readonly Client[]
  /** Unset: as fast as it goes. */
  readonly pace?: Pace | undefined
  readonly keyPrefix: string | undefined
  readonly onPublished: () => void
}

export interface Publishers {
  /**
   * Publishes everything: all series at once, each strictly one step after the other. After `endAtMs` (monotonic) no
   * step is begun any more; those that were begun are published to the end. Rejects when aborted.
   */
  run(signal: AbortSignal, endAtMs?: number): Promise<void>
  /** What was begun. */
  books(): SeriesBook[]
  /** Answers that no publisher should get. */
  readonly unexpected: readonly string[]
}

export function createPublishers({ plan, clients, pace, keyPrefix, onPublished }: PublishersParts): Publishers {
  const published = plan.series.map((series) => series.steps.map((): StepRecord => ({ uuid: undefined, isStored: false, sentAtMs: undefined, unknowns: 0 })))
  const unexpected: string[] = []

  async function publishSeries(series: SeriesPlan, place: number, { signal, endAtMs }: { signal: AbortSignal; endAtMs: number }): Promise<void> {
    const client = clients[place % clients.length]
    if (!client) throw new Error('there is no publisher')
    for (const [index, record] of (published[place] ?? []).entries()) {
      await pace?.turn(signal)
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
      default: outcome satisfies never
    }
  }

  /** The same request each time. */
  function attemptOf(client: Client, series: SeriesPlan, index: number): () => Promise<PublishOutcome> {
    const step = series.steps[index]
    if (!step) throw new Error(`${series.seriesId} has no step ${index}`)
    const headers: Record<string, string> = keyPrefix === undefined ? {} : { 'idempotency-key': `${keyPrefix} ${series.seriesId} ${index}` }
    const [path, body] = requestFor(series, step, index)
    return () => client.call('POST', path, body, headers).then(outcomeOfAnswer, outcomeOfFailure)
  }

  return {
    unexpected,
    books: () => plan.series.map(({ seriesId, subject, steps }, place) => {
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
  return ['/events/publish', {
    ...key,
    type: 'jobs.LEDGER.STEP',
    timestamp: new Date().toISOString(),
    data: eventData(index, step.paddingBytes),
    endSeries: step.ends === 'flag',
    deleteSubscriptionsMatchingSubject: step.ends === 'delete_flag',
  }]
}

/** Begins with the step, so that an arrival tells which one it is. */
const eventData = (step: number, paddingBytes: number) => `${step} ${'x'.repeat(paddingBytes)}`

/** The step that an event's data names; NaN when there is none. */
export const stepOf = (data: string | null) => Number.parseInt(data ?? '', 10)
