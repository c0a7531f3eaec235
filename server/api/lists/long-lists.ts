import type { Database } from '../../db/database.ts'
import { openCursor } from '../../db/cursor.ts'
import { sql } from '../../db/sql.ts'
import { AppError } from '../../errors.ts'
import { compileRange, selectIds } from './find.ts'
import type { ListQuery } from './plan.ts'

/** As many as the pool has connections. */
export const MAX_LONG_LISTS = 4
/** Of one caller, so that one who reads slowly leaves some to others. */
export const MAX_LONG_LISTS_OF_ONE = 2
const RETRY_AFTER_S = 5

/** The ids of a list, some at a time. */
export interface IdSource {
  /** None after the last. */
  next(): Promise<readonly number[]>
  /** May come at any time, and twice. */
  close(): void
}

/** Ids that are known already. */
export function idsOf(ids: readonly number[]): IdSource {
  let left = ids
  return {
    next() {
      const all = left
      left = []
      return Promise.resolve(all)
    },
    close: () => undefined,
  }
}

/** Lists that are longer than what is held at once. Each takes a connection until it is closed. */
export interface LongLists {
  /** `limit` null: to the end. Throws NTFAPI_LISTS_BUSY (503) when too many are open, in all or of this caller. */
  open(caller: string, query: ListQuery, range: { readonly limit: number | null; readonly skip: number }): Promise<IdSource>
}

export function createLongLists({ db }: { readonly db: Database }): LongLists {
  /** The caller of each. */
  let open: readonly { readonly caller: string }[] = []
  return {
    async open(caller, query, range) {
      const isFull = open.length >= MAX_LONG_LISTS || open.filter((other) => other.caller === caller).length >= MAX_LONG_LISTS_OF_ONE
      if (isFull) throw new AppError('NTFAPI_LISTS_BUSY', { retryAfterS: RETRY_AFTER_S })
      const list = { caller }
      open = [...open, list]
      const free = once(() => {
        open = open.filter((other) => other !== list)
      })
      try {
        const cursor = await openCursor<{ id: number }>(db, sql`${selectIds(query)} ${compileRange(range)}`)
        return {
          next: async () => (await cursor.next()).map(({ id }) => id),
          close() {
            cursor.close()
            free()
          },
        }
      } catch (error) {
        free()
        throw error
      }
    },
  }
}

function once(action: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) action()
    isDone = true
  }
}
