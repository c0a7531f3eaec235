import type { EventBatchItem } from '@tidings/contract/event.ts'
import type { EventBatchResult } from '@tidings/contract/result.ts'
import type { Client } from '@tidings/harness/client.ts'
import { jobEvent, type TestEvent } from './test-app.ts'

/** An item of a batch, always the same for the same arguments. */
export const batchItem = (event: Partial<TestEvent>, idempotencyKey?: string): EventBatchItem => ({
  event: jobEvent({ timestamp: '2026-11-23T10:00:00Z', ...event }),
  ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
})

/** Publishes a batch, and tells status, code, what became of each event, and how long it took. */
export async function tryToPublishBatch({ client }: { readonly client: Client }, events: readonly EventBatchItem[]) {
  const startedAt = performance.now()
  const { status, body } = await client.call('POST', '/events/publishBatch', { events })
  return {
    status,
    code: body?.message.split(' ')[0],
    result: body?.result as EventBatchResult | null | undefined,
    ms: performance.now() - startedAt,
  }
}

/** Publishes a batch and expects a result for each event. */
export async function publishBatch(door: { readonly client: Client }, events: readonly EventBatchItem[]) {
  const { status, code, result } = await tryToPublishBatch(door, events)
  if (status !== 200 || !result) throw new Error(`expected 200, got ${status}: ${code ?? 'no envelope'}`)
  return result
}

/** What became of each event: `stored`, or the code. */
export const outcomesOf = ({ events }: EventBatchResult) => events.map(({ status, code }) => code ?? status)
export const uuidsOf = ({ events }: EventBatchResult) => events.map(({ uuid }) => uuid)
