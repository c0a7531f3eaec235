import { setTimeout as delay } from 'node:timers/promises'
import type { Answer, Client } from '@tidings/harness/client.ts'
import { lifeOf, type Job, type JobEvent } from './job-events.ts'
import type { Ledger, Publication } from './ledger.ts'

const SOURCE = 'https://tapis.io/jobs'
const RETRY_MS = 200
const LIMIT_MS = 60_000

export interface PublisherParts {
  /** Speaks as the service jobs, for the user jobs. */
  readonly client: Client
  readonly ledger: Ledger
  /** Pause after each event, so that an eye can follow. */
  readonly paceMs: number
  /** An event got no answer and is about to be sent again; once per event. */
  readonly onTrouble: (job: Job, number: number, reason: string) => void
  /** The pause after an event is over. */
  readonly onShow: (publication: Publication) => void
  readonly signal: AbortSignal
}

/** Publishes the life of a job, each event after the answer to the one before. Rejects when an event is refused, or has no answer for a minute. */
export async function publishLife(job: Job, parts: PublisherParts): Promise<void> {
  const { ledger, paceMs, onShow, signal } = parts
  for (const [index, event] of lifeOf(job).entries()) {
    const sentAtMs = ledger.now()
    ledger.send()
    const { eventUuid, tries } = await publish(job, event, index + 1, parts)
    const publication = { job, type: event.type, number: index + 1, series: job.uuid, eventUuid, tries, sentAtMs, publishedAtMs: ledger.now() }
    ledger.publish(publication)
    await delay(paceMs, undefined, { signal })
    onShow(publication)
  }
}

/**
 * Sends the same text with the same Idempotency-Key until there is an answer: after a crash nobody knows whether the
 * service had stored the event, and the key keeps it from being stored twice.
 */
async function publish(job: Job, event: JobEvent, number: number, { client, ledger, onTrouble, signal }: PublisherParts): Promise<{ eventUuid: string; tries: number }> {
  const body = { source: SOURCE, ...event, subject: job.uuid, seriesId: job.uuid, timestamp: new Date().toISOString() }
  const headers = { 'idempotency-key': `${job.uuid} ${number}` }
  const giveUpAtMs = ledger.now() + LIMIT_MS
  for (let tries = 1; ; tries += 1) {
    const answer = await client.call('POST', '/events', body, headers).catch(reasonOf)
    const outcome = judge(answer)
    if (outcome.kind === 'stored') return { eventUuid: outcome.eventUuid, tries }
    if (outcome.kind === 'refused' || ledger.now() > giveUpAtMs) throw new Error(`${event.type} of ${job.name} was not published: ${outcome.reason}`)
    if (tries === 1) onTrouble(job, number, outcome.reason)
    await delay(RETRY_MS, undefined, { signal })
  }
}

type Outcome = { kind: 'stored'; eventUuid: string } | { kind: 'again'; reason: string } | { kind: 'refused'; reason: string }

function judge(answer: Answer | string): Outcome {
  if (typeof answer === 'string') return { kind: 'again', reason: answer }
  const reason = `${answer.status} ${answer.body?.message ?? ''}`
  if (answer.status >= 500) return { kind: 'again', reason }
  const result = answer.body?.result
  if (answer.status !== 200 || typeof result !== 'object' || result === null || !('uuid' in result) || typeof result.uuid !== 'string') return { kind: 'refused', reason }
  return { kind: 'stored', eventUuid: result.uuid }
}

const reasonOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : String(error))
