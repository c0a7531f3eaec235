import pg from 'pg'
import { NewerFormat, type Broker } from '../broker/broker.ts'
import type { Database } from '../db/database.ts'
import { isLostOwnership, type Held } from '../db/fence.ts'
import type { Log } from '../log.ts'
import { createLoop, type Untried, type WakeableWorker } from '../runtime/loop.ts'
import { createBatchSize } from './batch-size.ts'
import { dispatchBatch, type BatchRequest, type BatchResult } from './batch.ts'
import type { MatchedAddress } from './match.ts'
import { diagnose } from './poison.ts'

const POLL_BUSY_MS = 250
const POLL_IDLE_MS = 1000
/** Polls without a record after which the loop counts as idle. */
const IDLE_AFTER = 20

export interface DispatchParts {
  readonly db: Database
  /** For a single event whose matches take longer than the statement limit of `db`. */
  readonly slowDb: Database
  readonly broker: Pick<Broker, 'take' | 'advance' | 'committed'>
  readonly ownership: Pick<Held, 'holding' | 'isLeaseHeld'> & {
    /** Gives a partition up: this version cannot read what is in it. */
    refuse(partition: number): void
  }
  readonly onMatched: (matched: readonly MatchedAddress[]) => void
  /** An event that removes subscriptions was dispatched. */
  readonly onRemovals: () => void
  /** A transaction failed in a way that leaves open whether it was committed: look for work in the tables. */
  readonly onUncertain: () => void
  readonly log: Log
}

/** Takes records of the owned partitions, batch by batch, and turns them into notifications. */
export function createDispatch({ db, slowDb, broker, ownership, onMatched, onRemovals, onUncertain, log }: DispatchParts): WakeableWorker {
  const size = createBatchSize()
  let emptyPolls = 0

  async function turn(): Promise<number | Untried> {
    const holding = ownership.holding()
    const partitions = [...holding.epochs.keys()]
    if (partitions.length === 0 || !ownership.isLeaseHeld()) return { restMs: POLL_BUSY_MS }
    const limitPerPartition = Math.ceil(size.records / partitions.length)
    const records = await attempt({ holding, partitions, limitPerPartition })
    emptyPolls = records > 0 ? 0 : emptyPolls + 1
    if (records > 0) return 0
    return emptyPolls > IDLE_AFTER ? POLL_IDLE_MS : POLL_BUSY_MS
  }

  /** Answers how many records were dealt with. Rejects when the same must be tried again. */
  async function attempt(request: BatchRequest): Promise<number> {
    try {
      const result = await dispatchBatch({ db, broker }, request)
      size.learn({ records: result.records, matches: countMatches(result) })
      return report(result)
    } catch (error) {
      if (error instanceof NewerFormat) {
        ownership.refuse(error.partition)
        return 0
      }
      if (isLostOwnership(error)) return 0
      switch (diagnose(error)) {
        case 'content': return oneByOne(request)
        case 'too_large': return afterTimeLimit(request)
        case 'passing':
          onUncertain()
          throw error
      }
    }
  }

  function report({ records, parked, matched, hasRemovals }: BatchResult): number {
    if (parked > 0) log.error({ parked }, 'records parked as dead letters')
    if (matched.length > 0) onMatched(matched)
    if (hasRemovals) onRemovals()
    return records
  }

  /**
   * One record of each partition; one that fails alone because of its content is parked, and one that fails otherwise
   * holds up its own partition only.
   */
  async function oneByOne({ holding, partitions }: BatchRequest): Promise<number> {
    const outcomes: PromiseSettledResult<number>[] = []
    for (const partition of partitions) outcomes.push(...(await Promise.allSettled([dispatchHead({ holding, partitions: [partition], limitPerPartition: 1 })])))
    const records = outcomes.reduce((sum, outcome) => sum + (outcome.status === 'fulfilled' ? outcome.value : 0), 0)
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed && records === 0) throw failed.reason
    return records
  }

  function dispatchHead(head: BatchRequest): Promise<number> {
    return dispatchBatch({ db: slowDb, broker }, head).then(report).catch((error: unknown) => {
      if (diagnose(error) !== 'content') throw error
      return dispatchBatch({ db, broker }, { ...head, parkAs: reasonOf(error) }).then(report)
    })
  }

  function afterTimeLimit(request: BatchRequest): Promise<number> {
    log.warn({ records: size.records }, 'dispatch took too long, smaller batches')
    const canShrink = request.limitPerPartition > 1 && size.shrink(request.limitPerPartition * request.partitions.length)
    return canShrink ? Promise.resolve(1) : oneByOne(request)
  }

  return createLoop({ name: 'dispatch', log, turn })
}

const countMatches = ({ matched }: BatchResult) => matched.reduce((sum, { notifications }) => sum + notifications, 0)

const reasonOf = (error: unknown) => (error instanceof pg.DatabaseError ? `SQLSTATE ${error.code ?? '?'}: ${error.message}`.slice(0, 500) : 'unknown')
