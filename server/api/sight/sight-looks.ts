import type { Db } from '../../db/db.ts'
import { isStatementTimeout } from '../../db/statement-timeout.ts'
import { LookTooBroad } from '../../sight/bounds.ts'
import { readCursorSecret } from '../../sight/cursor-secret.ts'
import { createCursorSeal } from '../../sight/cursor-seal.ts'
import type { Page, Place } from '../../sight/page.ts'
import type { Scope } from '../../sight/scope.ts'
import { AppError } from '../errors.ts'
import type { Caller } from '../auth/caller.ts'
import type { RequestContext } from '../http/route.ts'
import { createSearchLimiter } from '../lists/search-limiter.ts'
import { rejectIfAny } from '../violations.ts'

/** Looks of one caller that run, or wait for one to end. */
const MAX_LOOKS_PER_CALLER = 32
const RETRY_AFTER_S = 1

/** What a cursor belongs to, beside the caller. */
export interface ListAsked {
  /** The id of the operation. */
  readonly list: string
  readonly scope: Scope
  /** All other parameters that decide which rows come. */
  readonly filter: object
}

/** Runs looks, each in the turn of its caller, on connections that nothing else uses. */
export interface SightLooks {
  /**
   * Throws NTFAPI_SIGHT_BUSY (503) when the caller has too many looks, NTFAPI_SIGHT_TIMEOUT (503) when a statement took
   * too long, NTFAPI_SIGHT_TOO_BROAD (400) when what was asked for cannot be found within the bounds.
   */
  run<T>(caller: Caller, look: (db: Db) => Promise<T>): Promise<T>
  /**
   * Reads the page that the parameter `cursor` asks for. Throws NTFAPI_SIGHT_PARAM_ERR for a cursor that was not made
   * for this caller and this list.
   */
  page<P extends Page<unknown>>(
    context: Pick<RequestContext, 'caller' | 'query'>,
    asked: ListAsked,
    find: (db: Db, after: Place | undefined) => Promise<P>,
  ): Promise<{ readonly page: P; readonly cursor: string | null }>
}

export function createSightLooks({ db }: { readonly db: Db }): SightLooks {
  const limiter = createSearchLimiter()
  const seal = createCursorSeal({ readSecret: () => readCursorSecret(db) })
  const looks = new Map<string, number>()

  async function run<T>({ jwtTenant, jwtUser }: Caller, look: (db: Db) => Promise<T>): Promise<T> {
    const key = JSON.stringify([jwtTenant, jwtUser])
    const before = looks.get(key) ?? 0
    if (before >= MAX_LOOKS_PER_CALLER) throw new AppError('NTFAPI_SIGHT_BUSY', { retryAfterS: RETRY_AFTER_S })
    looks.set(key, before + 1)
    try {
      return await limiter.run(key, () => look(db))
    } catch (error) {
      throw toRejection(error)
    } finally {
      const left = (looks.get(key) ?? 1) - 1
      if (left === 0) looks.delete(key)
      else looks.set(key, left)
    }
  }

  return {
    run,
    page: ({ caller, query }, { list, scope, filter }, find) =>
      run(caller, async () => {
        const binding = JSON.stringify([list, identityOf(caller), scope, filter])
        const text = query.text('cursor')
        const after = text === undefined ? undefined : await seal.open(binding, text)
        if (text !== undefined && after === undefined) rejectIfAny([NO_CURSOR])
        const page = await find(db, after)
        return { page, cursor: page.next === null ? null : await seal.seal(binding, page.next) }
      }),
  }
}

const NO_CURSOR = {
  code: 'NTFAPI_SIGHT_PARAM_ERR',
  text: 'cursor is not a cursor of this list: it goes with the same caller and the same other parameters',
} as const

/** Two callers are the same if all of this is. */
const identityOf = ({ jwtTenant, jwtUser, oboTenant, oboUser, isService, foreignSigner }: Caller) => [
  jwtTenant,
  jwtUser,
  oboTenant,
  oboUser,
  isService,
  foreignSigner ?? null,
]

function toRejection(error: unknown): unknown {
  if (error instanceof LookTooBroad) return new AppError('NTFAPI_SIGHT_TOO_BROAD', { violations: [error.advice] })
  if (isStatementTimeout(error)) return new AppError('NTFAPI_SIGHT_TIMEOUT', { cause: error })
  return error
}
