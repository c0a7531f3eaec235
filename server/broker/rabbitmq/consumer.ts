import { isContentError } from '../../db/content-error.ts'
import type { Db } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import type { TakenRecord } from '../broker.ts'
import { insertRecords, readAfterCursor, type InboxRecord } from '../inbox.ts'
import type { Link } from './link.ts'
import type { Names } from './names.ts'
import { createSession, type Session } from './session.ts'

/** What one take puts into a transaction, but for a single record that is larger. */
const TAKE_BYTES = 4 * 1024 * 1024

export interface ConsumerParts {
  readonly link: Pick<Link, 'acquire' | 'trouble'>
  readonly names: Names
  /** See `prefetchOf`. */
  readonly prefetch: number
  readonly onArrival: () => void
  /** The database's clock, for what does not tell when it was received. */
  readonly now: () => Date
  readonly log: Log
}

/** The queues of the partitions that this process holds, as the inbox of the dispatch transaction. */
export interface Consumer {
  /** See `Broker`. */
  take(tx: Db, partitions: readonly number[], limitPerPartition: number): Promise<TakenRecord[]>
  committed(partitions: readonly number[]): void
  hold(partitions: readonly number[]): Promise<void>
  trouble(): string | undefined
}

export function createConsumer({ link, names, prefetch, onArrival, now, log }: ConsumerParts): Consumer {
  const sessions = new Map<number, Session>()
  const leaving = new Set<Promise<void>>()
  let turn = 0

  /** The heads of the queues. Each time another partition is the first that may use up the bytes. */
  function offers(partitions: readonly number[], limitPerPartition: number): InboxRecord[] {
    turn += 1
    const start = turn % Math.max(1, partitions.length)
    const records: InboxRecord[] = []
    let bytes = TAKE_BYTES
    for (const partition of [...partitions.slice(start), ...partitions.slice(0, start)]) {
      // The last one may go beyond the limit, by one record.
      const offered = sessions.get(partition)?.offer(bytes > 0 ? limitPerPartition : 0, bytes) ?? []
      bytes -= offered.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)
      records.push(...offered)
    }
    return records
  }

  async function take(tx: Db, partitions: readonly number[], limitPerPartition: number): Promise<TakenRecord[]> {
    // To find out which record fails. What waits in the inbox (redriven ones, say) is before what has arrived.
    const isByItself = partitions.length === 1 && limitPerPartition === 1
    if (isByItself) {
      offers(partitions, 0)
      const waiting = await readAfterCursor(tx, partitions, 1)
      if (waiting.length > 0) return waiting
    }
    const records = offers(partitions, limitPerPartition)
    if (records.length === 0) return readAfterCursor(tx, partitions, limitPerPartition)
    // By the insert's own failure: the read behind it fails too, for that reason, and may be told first.
    const distrust = (error: unknown): never => {
      if (isByItself && isContentError(error)) partitions.forEach((partition) => sessions.get(partition)?.distrustFirst())
      throw error
    }
    const [, taken] = await Promise.all([insertRecords(tx, records, false).catch(distrust), readAfterCursor(tx, partitions, limitPerPartition)])
    return taken
  }

  function letGo(partition: number, session: Session): void {
    sessions.delete(partition)
    const left = session.stop().finally(() => leaving.delete(left))
    leaving.add(left)
  }

  function begin(partition: number): void {
    sessions.set(partition, createSession({ partition, link, names, prefetch, onArrival, now, log }))
  }

  return {
    take,
    committed(partitions) {
      for (const partition of partitions) sessions.get(partition)?.settle()
    },
    async hold(partitions) {
      for (const [partition, session] of sessions) if (!partitions.includes(partition)) letGo(partition, session)
      const added = partitions.filter((partition) => !sessions.has(partition))
      added.forEach(begin)
      for (const partition of added) sessions.get(partition)?.start()
      await Promise.all(leaving)
    },
    trouble() {
      const faults = [...sessions.values()].flatMap((session) => session.trouble() ?? [])
      return sessions.size === 0 ? undefined : link.trouble() ?? faults[0]
    },
  }
}
