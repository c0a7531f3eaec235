import { setTimeout as delay } from 'node:timers/promises'
import { isObject } from '@tidings/contract/is-object.ts'
import type { ClientResponse, Client } from '@tidings/harness/client.ts'
import { jobEventsOf, type Job, type JobEvent } from './job-events.ts'
import type { Ledger, Publication } from './ledger.ts'

const SOURCE = 'https://tapis.io/jobs'
const RETRY_MS = 200
const LIMIT_MS = 60_000

export interface PublisherDeps {
  /** Speaks as the service jobs, for the user jobs. */
  readonly client: Client
  readonly ledger: Ledger
  /** Pause after each event, so that people can follow. */
  readonly paceMs: number
  /** Called once per event that got no response and is sent again. */
  readonly onRetry: (job: Job, number: number, reason: string) => void
  /** Called when the pause after an event is over. */
  readonly onShow: (publication: Publication) => void
  readonly signal: AbortSignal
}

/**
 * Publishes the events of a job, each after the response to the one before. Rejects if an event is rejected, or has no
 * response for a minute.
 */
export async function publishJob(job: Job, deps: PublisherDeps): Promise<void> {
  const { ledger, paceMs, onShow, signal } = deps
  for (const [index, event] of jobEventsOf(job).entries()) {
    const sentAtMs = ledger.now()
    ledger.send()
    const { eventUuid, tries } = await publish(job, event, index + 1, deps)
    const publication = {
      job,
      type: event.type,
      number: index + 1,
      series: job.uuid,
      eventUuid,
      tries,
      sentAtMs,
      publishedAtMs: ledger.now(),
    }
    ledger.publish(publication)
    await delay(paceMs, undefined, { signal })
    onShow(publication)
  }
}

/**
 * Sends the same body with the same Idempotency-Key until there is a response: after a crash it is unknown whether the
 * service had stored the event, and the key prevents it from being stored twice.
 */
async function publish(
  job: Job,
  event: JobEvent,
  number: number,
  { client, ledger, onRetry, signal }: PublisherDeps,
): Promise<{ eventUuid: string; tries: number }> {
  const body = { source: SOURCE, ...event, subject: job.uuid, seriesId: job.uuid, timestamp: new Date().toISOString() }
  const headers = { 'idempotency-key': `${job.uuid} ${number}` }
  const giveUpAtMs = ledger.now() + LIMIT_MS
  for (let tries = 1; ; tries += 1) {
    const response = await client.call('POST', '/events', body, headers).catch(reasonOf)
    const outcome = outcomeOf(response)
    if (outcome.kind === 'stored') return { eventUuid: outcome.eventUuid, tries }
    if (outcome.kind === 'rejected' || ledger.now() > giveUpAtMs)
      throw new Error(`${event.type} of ${job.name} was not published: ${outcome.reason}`)
    if (tries === 1) onRetry(job, number, outcome.reason)
    await delay(RETRY_MS, undefined, { signal })
  }
}

type Outcome =
  { kind: 'stored'; eventUuid: string } | { kind: 'retry'; reason: string } | { kind: 'rejected'; reason: string }

/** `response`: a string says why there is none. */
function outcomeOf(response: ClientResponse | string): Outcome {
  if (typeof response === 'string') return { kind: 'retry', reason: response }
  const { status, body } = response
  const reason = `${status} ${body?.message ?? ''}`
  if (status >= 500) return { kind: 'retry', reason }
  return status === 200 && isObject(body?.result) && typeof body.result.uuid === 'string'
    ? { kind: 'stored', eventUuid: body.result.uuid }
    : { kind: 'rejected', reason }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)
