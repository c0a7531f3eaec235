import type { Database } from '../../db/database.ts'
import { openCursor } from '../../db/query-cursor.ts'
import { sql } from '../../db/sql.ts'
import { AppError } from '../errors.ts'
import { compileRange, selectIds } from './page-query.ts'
import type { ListQuery } from './list-plan.ts'

/** As many as the pool has connections. */
export const MAX_LONG_LISTS = 4
/** For one caller, so that a slow reader leaves some to others. */
export const MAX_LONG_LISTS_PER_CALLER = 2
const RETRY_AFTER_S = 5

/** The ids of a list, some at a time. */
export interface IdSource {
  /** Returns the next ids; none after the last. */
  next(): Promise<readonly number[]>
  /** May be called at any time, and twice. */
  close(): void
}

/** Creates a source of ids that are known already. */
export function idSourceOf(ids: readonly number[]): IdSource {
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

/** Opens lists that are too long to be buffered. Each takes a connection until it is closed. */
export interface LongLists {
  /** `limit` null: to the end. Throws NTFAPI_LISTS_BUSY (503) when too many are open, in all or of this caller. */
  open(
    caller: string,
    query: ListQuery,
    range: { readonly limit: number | null; readonly skip: number },
  ): Promise<IdSource>
}

export function createLongLists({ db }: { readonly db: Database }): LongLists {
  /** The caller of each open list. */
  let open: readonly { readonly caller: string }[] = []
  return {
    async open(caller, query, range) {
      const isFull =
        open.length >= MAX_LONG_LISTS ||
        open.filter((other) => other.caller === caller).length >= MAX_LONG_LISTS_PER_CALLER
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
