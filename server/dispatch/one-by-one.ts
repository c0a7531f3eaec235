import pg from 'pg'
import type { Database } from '../db/database.ts'
import { DispatchFailed, dispatchBatch, type BatchDeps, type BatchRequest, type BatchResult } from './batch.ts'
import { diagnose } from './poison.ts'

export interface OneByOneParts extends BatchDeps {
  /** For a single event whose matching takes longer than the statement limit of `db`. */
  readonly slowDb: Database
  /** Returns the number of records of this result. */
  readonly report: (result: BatchResult) => Promise<number>
  /** Returns the number of records that were dispatched; throws what is to be logged. */
  readonly afterFailure: (error: unknown) => number
}

/**
 * Dispatches one record of each partition, and returns how many. A record that fails alone because of its content is
 * parked; one that fails for another reason blocks its own partition only.
 */
export async function oneByOne(parts: OneByOneParts, { owned, partitions }: BatchRequest): Promise<number> {
  const outcomes: PromiseSettledResult<number>[] = []
  for (const partition of partitions)
    outcomes.push(
      ...(await Promise.allSettled([dispatchHead(parts, { owned, partitions: [partition], limitPerPartition: 1 })])),
    )
  const records = outcomes.reduce((sum, outcome) => sum + (outcome.status === 'fulfilled' ? outcome.value : 0), 0)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed && records === 0) throw failed.reason
  return records
}

async function dispatchHead(parts: OneByOneParts, head: BatchRequest): Promise<number> {
  const { slowDb, report, afterFailure } = parts
  try {
    return await dispatchBatch({ ...parts, db: slowDb }, head).then(report)
  } catch (error) {
    const cause = error instanceof DispatchFailed ? error.cause : error
    if (diagnose(cause) !== 'content') return afterFailure(error)
    return dispatchBatch(parts, { ...head, parkAs: reasonOf(cause) }).then(report, afterFailure)
  }
}

const reasonOf = (error: unknown) =>
  error instanceof pg.DatabaseError ? `SQLSTATE ${error.code ?? '?'}: ${error.message}`.slice(0, 500) : 'unknown'
