import type { ListMetadata } from '@tidings/contract/envelope.ts'
import type { Subscription } from '@tidings/contract/subscription.ts'
import type { Database } from '../../db/database.ts'
import { isStatementTimeout } from '../../db/statement-timeout.ts'
import { AppError } from '../errors.ts'
import type { ApiResponse, RequestContext, StreamedResponse } from '../http/route.ts'
import type { Condition } from '../search/condition.ts'
import { selectedMembers, withMembers } from '../subscriptions/member-selection.ts'
import type { SubscriptionAccess } from '../subscriptions/subscription-access.ts'
import { countAll, findPage } from './page-query.ts'
import { createLongLists, idSourceOf } from './long-lists.ts'
import type { ListParameters } from './list-parameters.ts'
import type { ListQuery } from './list-plan.ts'
import { createSubscriptionStream, type SubscriptionStream } from './row-stream.ts'
import { loadRows } from './load-rows.ts'
import { createSearchLimiter } from './search-limiter.ts'

/** More rows are never buffered, whatever the limit. */
const MAX_BUFFERED_ROWS = 500

export interface ListDeps {
  readonly db: Database
  readonly longListDb: Database
  readonly access: Pick<SubscriptionAccess, 'ownersFor'>
}

/**
 * Lists the subscriptions that fulfil a condition (protocol 4.1, 4.6). Throws NTFAPI_SEARCH_TIMEOUT (503) when it takes
 * too long.
 */
export type ListSubscriptions = (
  context: RequestContext,
  parameters: ListParameters,
  condition: Condition | undefined,
) => Promise<ApiResponse | StreamedResponse>

export function createListSubscriptions({ db, longListDb, access }: ListDeps): ListSubscriptions {
  const longLists = createLongLists({ db: longListDb })
  const limiter = createSearchLimiter()

  async function list(
    { caller, query }: RequestContext,
    parameters: ListParameters,
    condition: Condition | undefined,
  ): Promise<ApiResponse | StreamedResponse> {
    const { order, after, isTotalWanted } = parameters
    const listQuery: ListQuery = {
      tenant: caller.oboTenant,
      owner: await access.ownersFor(caller, query),
      condition,
      order,
      after,
    }
    const range = rangeOf(parameters)
    const callerKey = JSON.stringify([caller.jwtTenant, caller.jwtUser])
    const { found, total } = await limiter.run(callerKey, async () => ({
      found:
        range.limit === 0
          ? []
          : await findPage(db, listQuery, {
              limit: Math.min(range.limit ?? Infinity, MAX_BUFFERED_ROWS + 1),
              skip: range.skip,
            }),
      total: isTotalWanted && range.limit !== null ? await countAll(db, listQuery) : undefined,
    }))
    const ids = found.length > MAX_BUFFERED_ROWS ? await longLists.open(callerKey, listQuery, range) : idSourceOf(found)
    const members = selectedMembers(parameters.select)
    const stream = createSubscriptionStream({
      ids,
      load: (some) => loadRows(db, some, { withTargets: members.includes('deliveryTargets') }),
    })
    return responseOf(stream, {
      show: (subscription) => withMembers(subscription, members),
      closing: (count) => ({
        message: `TAPIS_FOUND Notifications found: ${count} subscriptions`,
        metadata: metadataOf(parameters, count, total),
      }),
    })
  }

  return (context, parameters, condition) => list(context, parameters, condition).catch(rejectIfTooSlow)
}

/** Without a limit nothing is skipped either, as in the original. */
function rangeOf({ limit, skip }: ListParameters): { readonly limit: number | null; readonly skip: number } {
  return limit < 0 ? { limit: null, skip: 0 } : { limit, skip: Math.max(skip, 0) }
}

/** The total counts what the same conditions and `startAfter` select. Without a limit that is the list itself. */
const metadataOf = (
  { limit, skip, orderBy, startAfter, isTotalWanted }: ListParameters,
  count: number,
  total: number | undefined,
): ListMetadata => ({
  recordCount: count,
  recordLimit: limit,
  recordsSkipped: skip,
  orderBy,
  startAfter,
  totalCount: isTotalWanted ? (total ?? count) : -1,
})

interface Presentation extends Pick<StreamedResponse, 'closing'> {
  readonly show: (subscription: Subscription) => unknown
}

/**
 * Responds with the whole list when it fits into one piece. Two pieces are read before the response begins, so that a
 * rejection is still possible.
 */
async function responseOf(
  stream: SubscriptionStream,
  { show, closing }: Presentation,
): Promise<ApiResponse | StreamedResponse> {
  try {
    const first = await stream.next()
    const second = await stream.next()
    if (second === undefined) {
      stream.close()
      const result = first?.map(show) ?? []
      return { ...closing(result.length), result }
    }
    const ahead = [first, second]
    return {
      rows: {
        next: async () => (ahead.length > 0 ? ahead.shift() : await stream.next())?.map(show),
        close: stream.close,
      },
      closing,
    }
  } catch (error) {
    stream.close()
    throw error
  }
}

function rejectIfTooSlow(error: unknown): never {
  throw isStatementTimeout(error) ? new AppError('NTFAPI_SEARCH_TIMEOUT', { cause: error }) : error
}
