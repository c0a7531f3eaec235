import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '../client.ts'
import { SOURCE, type Plan, type SeriesPlan, type Step } from './plan.ts'
import { outcomeOfAnswer, outcomeOfFailure, type PublishOutcome } from './publish-outcome.ts'

const RETRY_AFTER_MS = 100

/** What became of one step. */
export interface StepRecord {
  /** Of the answer; undefined as long as there was none, and for an end of series. */
  uuid: string | undefined
  isStored: boolean
  /** Requests whose outcome was never told: without a key each may have stored a copy. */
  unknowns: number
}

/** What the publishers know, series by series and step by step. */
export type PublishedSeries = readonly StepRecord[]

export interface PublishersParts {
  readonly plan: Plan
  readonly client: Client
  /** Resolves when the service runs. */
  readonly up: (signal: AbortSignal) => Promise<void>
  readonly keyPrefix: string | undefined
  readonly onPublished: () => void
}

export interface Publishers {
  /** Publishes everything: all series at once, each strictly one step after the other. Rejects when aborted. */
  run(signal: AbortSignal): Promise<void>
  readonly published: ReadonlyMap<string, PublishedSeries>
  /** Answers that no publisher should get. */
  readonly unexpected: readonly string[]
}

export function createPublishers({ plan, client, up, keyPrefix, onPublished }: PublishersParts): Publishers {
  const published = new Map(plan.series.map((series) => [series.seriesId, series.steps.map((): StepRecord => ({ uuid: undefined, isStored: false, unknowns: 0 }))]))
  const unexpected: string[] = []

  async function publishSeries(series: SeriesPlan, signal: AbortSignal): Promise<void> {
    for (const [index, record] of (published.get(series.seriesId) ?? []).entries()) {
      while (!record.isStored) {
        await up(signal)
        signal.throwIfAborted()
        const outcome = await attempt(series, index)
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

  async function attempt(series: SeriesPlan, index: number): Promise<PublishOutcome> {
    const step = series.steps[index]
    if (!step) throw new Error(`${series.seriesId} has no step ${index}`)
    const headers: Record<string, string> = keyPrefix === undefined ? {} : { 'idempotency-key': `${keyPrefix} ${series.seriesId} ${index}` }
    const [path, body] = requestFor(series, step, index)
    return client.call('POST', path, body, headers).then(outcomeOfAnswer, outcomeOfFailure)
  }

  return {
    published,
    unexpected,
    async run(signal) {
      await Promise.all(plan.series.map((series) => publishSeries(series, signal)))
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
