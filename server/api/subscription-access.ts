import { AppError, type ErrorCode } from '../errors.ts'
import type { Caller } from './auth/caller.ts'
import type { Query } from './query.ts'

/**
 * Who may touch whose subscriptions (contract 1.7): services those of any owner in their tenant, users their own. It is
 * decided from the request alone, before anything is looked up, so a refusal does not tell whether there is something.
 * Tenant administrators will join here.
 */
export function ownerFor(caller: Caller, query: Query, refusal: ErrorCode = 'NTFLIB_SUBSCR_UNAUTH'): string {
  const owner = query.text('ownedBy') ?? caller.oboUser
  if (caller.isService || owner === caller.oboUser) return owner
  throw new AppError(refusal)
}

/** For lists and sets; undefined means every owner. `anyOwner` wins over `ownedBy` and is for services. */
export function ownersFor(caller: Caller, query: Query): string | undefined {
  if (!query.flag('anyOwner')) return ownerFor(caller, query, 'NTFLIB_UNAUTH2')
  if (caller.isService) return undefined
  throw new AppError('NTFLIB_UNAUTH1')
}

/**
 * By uuid a user sees his own only; another's is as absent as one that never was. A 401 would tell that it exists.
 */
export const ownerSeenBy = (caller: Caller): string | undefined => (caller.isService ? undefined : caller.oboUser)
