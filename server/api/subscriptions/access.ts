import { AppError, type ErrorCode } from '../../errors.ts'
import type { Admins } from '../admins/admins.ts'
import type { Caller } from '../auth/caller.ts'
import type { Query } from '../query.ts'
import type { Call } from '../route.ts'
import type { NameKey } from './store.ts'

/**
 * Who may touch whose subscriptions (contract 1.7): services those of any owner in their tenant, users their own,
 * administrators those of their tenant. It is decided from the request alone, before anything is looked up, so a refusal
 * does not tell whether there is something (docs/decisions/0005). Rejects with NTFAPI_ADMIN_CHECK_ERR when it cannot be
 * found out whether the caller is an administrator; that is asked only where nothing else allows the request.
 */
export interface SubscriptionAccess {
  /** The subscription that the path names: of the owner in `ownedBy`, or the caller's. */
  keyFor(call: Call): Promise<NameKey>
  /** For lists and sets; undefined means every owner. `anyOwner` wins over `ownedBy` and is for services. */
  ownersFor(caller: Caller, query: Query): Promise<string | undefined>
  /**
   * Finds one of any owner, for a caller who names none: among his own first, and when it is not there, among all of the
   * tenant if he is an administrator. For everybody else another's is as absent as one that never was.
   */
  amongOpen<T>(caller: Caller, find: (owner: string | undefined) => Promise<T | undefined>): Promise<T | undefined>
}

export function createSubscriptionAccess({ admins }: { readonly admins: Admins }): SubscriptionAccess {
  const administers = ({ oboTenant, oboUser }: Caller) => admins.isAdmin(oboTenant, oboUser)

  async function ownerFor(caller: Caller, query: Query, refusal: ErrorCode): Promise<string> {
    const owner = query.text('ownedBy') ?? caller.oboUser
    if (caller.isService || owner === caller.oboUser || (await administers(caller))) return owner
    throw new AppError(refusal)
  }

  return {
    keyFor: async ({ caller, query, params }) => ({ tenant: caller.oboTenant, owner: await ownerFor(caller, query, 'NTFLIB_SUBSCR_UNAUTH'), name: params.name ?? '' }),
    async ownersFor(caller, query) {
      if (!query.flag('anyOwner')) return ownerFor(caller, query, 'NTFLIB_UNAUTH2')
      if (caller.isService) return undefined
      throw new AppError('NTFLIB_UNAUTH1')
    },
    async amongOpen(caller, find) {
      if (caller.isService) return find(undefined)
      return (await find(caller.oboUser)) ?? ((await administers(caller)) ? find(undefined) : undefined)
    },
  }
}
