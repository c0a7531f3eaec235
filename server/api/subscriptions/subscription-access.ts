import { AppError, type ErrorCode } from '../errors.ts'
import type { Admins } from '../admins/admins.ts'
import type { Caller } from '../auth/caller.ts'
import { pathParameter } from '../http/path-parameter.ts'
import type { Query } from '../http/query.ts'
import type { RequestContext } from '../http/route.ts'
import type { NameKey } from '../../subscriptions/subscription-store.ts'

/**
 * Decides who may access whose subscriptions (protocol 1.7): services those of any owner in their tenant, users their
 * own, administrators those of their tenant. It decides from the request alone, before any look-up, so a rejection does
 * not reveal whether there is something (docs/decisions/0005). Rejects with NTFAPI_ADMIN_CHECK_ERR when it cannot find
 * out whether the caller is an administrator; it checks that only where nothing else allows the request.
 */
export interface SubscriptionAccess {
  /** Returns the key of the subscription in the path: of the owner in `ownedBy`, or the caller's own. */
  keyFor(context: RequestContext): Promise<NameKey>
  /**
   * Returns the owner for lists and sets; undefined means every owner. `anyOwner` wins over `ownedBy` and is for
   * services.
   */
  ownersFor(caller: Caller, query: Query): Promise<string | undefined>
  /**
   * Finds a subscription of any owner, for a caller who names no owner: first among the caller's own, then, for an
   * administrator, in the whole tenant. For everybody else the subscription of another owner does not exist.
   */
  findAccessible<T>(caller: Caller, find: (owner: string | undefined) => Promise<T | undefined>): Promise<T | undefined>
}

export function createSubscriptionAccess({ admins }: { readonly admins: Admins }): SubscriptionAccess {
  const administers = ({ oboTenant, oboUser }: Caller) => admins.isAdmin(oboTenant, oboUser)

  async function ownerFor(caller: Caller, query: Query, rejectionCode: ErrorCode): Promise<string> {
    const owner = query.text('ownedBy') ?? caller.oboUser
    if (caller.isService || owner === caller.oboUser || (await administers(caller))) return owner
    throw new AppError(rejectionCode)
  }

  return {
    keyFor: async ({ caller, query, params }) => ({
      tenant: caller.oboTenant,
      owner: await ownerFor(caller, query, 'NTFLIB_SUBSCR_UNAUTH'),
      name: pathParameter({ params }, 'name'),
    }),
    async ownersFor(caller, query) {
      if (!query.flag('anyOwner')) return ownerFor(caller, query, 'NTFLIB_UNAUTH2')
      if (caller.isService) return undefined
      throw new AppError('NTFLIB_UNAUTH1')
    },
    async findAccessible(caller, find) {
      if (caller.isService) return find(undefined)
      return (await find(caller.oboUser)) ?? ((await administers(caller)) ? find(undefined) : undefined)
    },
  }
}
