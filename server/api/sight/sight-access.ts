import { AppError } from '../errors.ts'
import type { Operator, OperatorGrant } from '../../config/validators.ts'
import type { Scope } from '../../sight/scope.ts'
import type { Admins } from '../admins/admins.ts'
import type { Caller } from '../auth/caller.ts'
import type { RequestContext } from '../http/route.ts'

/**
 * Decides what a caller may look at (protocol 12.1), from the request alone, before any look-up: a rejection does not
 * tell whether there is something.
 *
 * | caller               | without more | with `ownedBy`   | with `anyOwner=true` | with `tenant`            |
 * |----------------------|--------------|------------------|----------------------|--------------------------|
 * | user                 | own          | own name only    | 401                  | own tenant only          |
 * | tenant administrator | own          | that owner       | the tenant           | own tenant only          |
 * | service              | the tenant   | that owner       | the tenant           | own tenant only          |
 * | operator             | as above     | that owner there | the tenant           | all of that tenant       |
 */
export interface SightAccess {
  /** Returns what lists show. */
  scopeOf(context: RequestContext): Promise<Scope>
  /**
   * Finds something that is named by a uuid: for a user first among the own, then, for an administrator, in the whole
   * tenant. For everybody else what belongs to another owner does not exist.
   */
  findIn<T>(context: RequestContext, find: (scope: Scope) => Promise<T | undefined>): Promise<T | undefined>
  /** Throws NTFAPI_OPERATOR_UNAUTH for whoever is no operator with this grant. */
  requireOperator(caller: Caller, grant: OperatorGrant): void
}

export interface SightAccessDeps {
  readonly admins: Admins
  readonly operators: readonly Operator[]
}

export function createSightAccess({ admins, operators }: SightAccessDeps): SightAccess {
  const administers = ({ oboTenant, oboUser }: Caller) => admins.isAdmin(oboTenant, oboUser)

  /** Services of this site have names of their own; a service of another site may have the same. */
  function grantsOf(caller: Caller): readonly OperatorGrant[] {
    const { isService, jwtTenant, jwtUser, foreignSigner } = caller
    if (isService && foreignSigner !== undefined) return []
    const who = isService ? jwtUser : `${jwtTenant}:${jwtUser}`
    return operators.filter((operator) => operator.who === who).flatMap(({ grants }) => grants)
  }

  function requireOperator(caller: Caller, grant: OperatorGrant): void {
    if (!grantsOf(caller).includes(grant)) throw new AppError('NTFAPI_OPERATOR_UNAUTH')
  }

  /** Returns what an operator sees who names a tenant; undefined: no tenant is named, or it is the caller's own. */
  function operatorScope({ caller, query }: RequestContext): Scope | undefined {
    const tenant = query.text('tenant')
    if (tenant === undefined) return undefined
    const grants = grantsOf(caller)
    if (!grants.includes('read')) {
      if (tenant === caller.oboTenant) return undefined
      throw new AppError('NTFAPI_OPERATOR_UNAUTH')
    }
    return { tenant, owner: query.text('ownedBy'), reader: undefined, withData: grants.includes('payloads') }
  }

  const ofTenant = ({ oboTenant, oboUser }: Caller, owner: string | undefined): Scope => ({
    tenant: oboTenant,
    owner,
    reader: oboUser,
    withData: true,
  })

  return {
    async scopeOf(context) {
      const { caller, query } = context
      const ofOperator = operatorScope(context)
      if (ofOperator !== undefined) return ofOperator
      const owner = query.text('ownedBy')
      if (query.flag('anyOwner')) {
        if (caller.isService || (await administers(caller))) return ofTenant(caller, undefined)
        throw new AppError('NTFAPI_SIGHT_ANY_OWNER_UNAUTH')
      }
      if (caller.isService) return ofTenant(caller, owner)
      if (owner === undefined || owner === caller.oboUser || (await administers(caller)))
        return ofTenant(caller, owner ?? caller.oboUser)
      throw new AppError('NTFLIB_UNAUTH2')
    },
    async findIn(context, find) {
      const { caller } = context
      const ofOperator = operatorScope(context)
      if (ofOperator !== undefined) return find({ ...ofOperator, owner: undefined })
      if (caller.isService) return find(ofTenant(caller, undefined))
      return (
        (await find(ofTenant(caller, caller.oboUser))) ??
        ((await administers(caller)) ? find(ofTenant(caller, undefined)) : undefined)
      )
    },
    requireOperator,
  }
}
