import type { Database } from '../db/database.ts'
import { AppError } from '../errors.ts'
import type { Query } from './query.ts'
import type { Answer, Call } from './route.ts'
import { selectMembers } from './selection.ts'
import { ownersFor } from './subscription-access.ts'
import { count, list } from './subscription-store.ts'

const DEFAULT_LIMIT = 100

/** Part of the contract, but not of this version; a blank value is fine. */
const NOT_YET = ['search', 'orderBy', 'startAfter']

/** Lists the caller's subscriptions, oldest first (contract 4.1, 4.6). */
export function createListing({ db }: { readonly db: Database }): (call: Call) => Promise<Answer> {
  return async ({ caller, query }) => {
    refuseNotYet(query)
    const limit = query.integer('limit') ?? DEFAULT_LIMIT
    const skip = query.integer('skip') ?? 0
    const select = query.text('select') ?? 'summaryAttributes'
    const isTotalWanted = query.flag('computeTotal')
    const filter = { tenant: caller.oboTenant, owner: ownersFor(caller, query) }
    // Without a limit nothing is skipped either: the original's rule.
    const range = limit < 0 ? { limit: undefined, skip: 0 } : { limit, skip: Math.max(skip, 0) }
    const subscriptions = await list(db, filter, range)
    return {
      message: `TAPIS_FOUND Notifications found: ${subscriptions.length} subscriptions`,
      result: subscriptions.map((subscription) => selectMembers(subscription, select)),
      metadata: {
        recordCount: subscriptions.length,
        recordLimit: limit,
        recordsSkipped: skip,
        orderBy: null,
        startAfter: null,
        totalCount: isTotalWanted ? await count(db, filter) : -1,
      },
    }
  }
}

function refuseNotYet(query: Query): void {
  const parameters = NOT_YET.filter((name) => query.text(name) !== undefined)
  if (parameters.length > 0) throw new AppError('NTFAPI_SEARCH_ERROR', { details: { parameters: parameters.join(', ') } })
}
