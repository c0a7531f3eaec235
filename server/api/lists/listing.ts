import type { ListMetadata } from '@tidings/contract/envelope.ts'
import type { Subscription } from '@tidings/contract/subscription.ts'
import type { Database } from '../../db/database.ts'
import { isStatementTimeout } from '../../db/statement-timeout.ts'
import { AppError } from '../../errors.ts'
import type { Answer, Call, StreamedAnswer } from '../route.ts'
import type { Condition } from '../search/condition.ts'
import { selectedMembers, withMembers } from '../selection.ts'
import type { SubscriptionAccess } from '../subscriptions/access.ts'
import { countAll, findPage } from './find.ts'
import { createLongLists, idsOf } from './long-lists.ts'
import type { ListParameters } from './parameters.ts'
import type { ListQuery } from './plan.ts'
import { createSubscriptionStream, type SubscriptionStream } from './row-stream.ts'
import { loadRows } from './rows.ts'
import { createSearchTurns } from './search-turns.ts'

/** More are not held at once, whatever the limit. */
const MAX_WHOLE = 500

export interface ListingParts {
  readonly db: Database
  readonly longListDb: Database
  readonly access: Pick<SubscriptionAccess, 'ownersFor'>
}

/** Lists the subscriptions that fulfil a condition (contract 4.1, 4.6). Throws NTFAPI_SEARCH_TIMEOUT (503) when it takes too long. */
export type List = (call: Call, parameters: ListParameters, condition: Condition | undefined) => Promise<Answer | StreamedAnswer>

export function createListing({ db, longListDb, access }: ListingParts): List {
  const longLists = createLongLists({ db: longListDb })
  const turns = createSearchTurns()

  async function list({ caller, query }: Call, parameters: ListParameters, condition: Condition | undefined): Promise<Answer | StreamedAnswer> {
    const { order, after, isTotalWanted } = parameters
    const listQuery: ListQuery = { tenant: caller.oboTenant, owner: await access.ownersFor(caller, query), condition, order, after }
    const range = rangeOf(parameters)
    const who = JSON.stringify([caller.jwtTenant, caller.jwtUser])
    const { found, total } = await turns.take(who, async () => ({
      found: range.limit === 0 ? [] : await findPage(db, listQuery, { limit: Math.min(range.limit ?? Infinity, MAX_WHOLE + 1), skip: range.skip }),
      total: isTotalWanted && range.limit !== null ? await countAll(db, listQuery) : undefined,
    }))
    const ids = found.length > MAX_WHOLE ? await longLists.open(who, listQuery, range) : idsOf(found)
    const members = selectedMembers(parameters.select)
    const stream = createSubscriptionStream({ ids, load: (some) => loadRows(db, some, { withTargets: members.includes('deliveryTargets') }) })
    return answerOf(stream, {
      show: (subscription) => withMembers(subscription, members),
      closing: (count) => ({ message: `TAPIS_FOUND Notifications found: ${count} subscriptions`, metadata: metadataOf(parameters, count, total) }),
    })
  }

  return (call, parameters, condition) => list(call, parameters, condition).catch(refuseIfTooSlow)
}

/** Without a limit nothing is skipped either: the original's rule. */
function rangeOf({ limit, skip }: ListParameters): { readonly limit: number | null; readonly skip: number } {
  return limit < 0 ? { limit: null, skip: 0 } : { limit, skip: Math.max(skip, 0) }
}

/** The total is what the same conditions and `startAfter` select. Without a limit that is the list itself. */
const metadataOf = ({ limit, skip, orderBy, startAfter, isTotalWanted }: ListParameters, count: number, total: number | undefined): ListMetadata => ({
  recordCount: count,
  recordLimit: limit,
  recordsSkipped: skip,
  orderBy,
  startAfter,
  totalCount: isTotalWanted ? total ?? count : -1,
})

interface Presentation extends Pick<StreamedAnswer, 'closing'> {
  readonly show: (subscription: Subscription) => unknown
}

/** Whole when it fits into one piece. Two pieces are read before anything is answered, so that a refusal can still be one. */
async function answerOf(stream: SubscriptionStream, { show, closing }: Presentation): Promise<Answer | StreamedAnswer> {
  try {
    const first = await stream.next()
    const second = await stream.next()
    if (second === undefined) {
      stream.close()
      const result = first?.map(show) ?? []
      return { ...closing(result.length), result }
    }
    const ahead = [first, second]
    return { rows: { next: async () => (ahead.length > 0 ? ahead.shift() : await stream.next())?.map(show), close: stream.close }, closing }
  } catch (error) {
    stream.close()
    throw error
  }
}

function refuseIfTooSlow(error: unknown): never {
  throw isStatementTimeout(error) ? new AppError('NTFAPI_SEARCH_TIMEOUT', { cause: error }) : error
}
