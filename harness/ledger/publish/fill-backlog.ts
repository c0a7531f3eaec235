import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '../../client.ts'
import { SOURCE } from '../plan/publish-plan.ts'
import { outcomeOfResponse, outcomeOfFailure } from './publish-outcome.ts'

export interface FillOptions {
  readonly client: Client
  readonly events: number
  readonly series: number
  readonly signal: AbortSignal
}

export interface Filled {
  readonly retries: number
  /** Responses that no publisher should get. */
  readonly unexpected: readonly string[]
}

const CONCURRENCY = 100
const RETRY_AFTER_MS = 100
const DATA = 'x'.repeat(700)

/**
 * Publishes events of about 1 KB, spread over the series, each series one event after the other. Rejects when aborted.
 */
export async function fillBacklog({ client, events, series, signal }: FillOptions): Promise<Filled> {
  const unexpected: string[] = []
  let retries = 0

  async function publish(seriesId: string, step: number): Promise<void> {
    const body = {
      source: SOURCE,
      type: 'jobs.LEDGER.BACKLOG',
      subject: seriesId,
      seriesId,
      timestamp: new Date().toISOString(),
      data: DATA,
    }
    for (;;) {
      signal.throwIfAborted()
      const outcome = await client
        .call('POST', '/events/publish', body, { 'idempotency-key': `${seriesId} ${step}` })
        .then(outcomeOfResponse, outcomeOfFailure)
      if (outcome.kind === 'stored') return
      if (outcome.kind === 'unexpected') unexpected.push(outcome.said)
      retries += 1
      await delay(RETRY_AFTER_MS, undefined, { signal })
    }
  }

  /** Publishes every `CONCURRENCY`th series, so that no two workers share one. */
  async function work(worker: number): Promise<void> {
    for (let round = 0; round * series < events; round += 1) {
      for (let place = worker; place < Math.min(series, events - round * series); place += CONCURRENCY)
        await publish(`series-${place}`, round)
    }
  }

  await Promise.all(Array.from({ length: CONCURRENCY }, (_, worker) => work(worker)))
  return { retries, unexpected }
}
