import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { firstValue } from './header.ts'
import { identify, type Identity } from './identity.ts'
import { refused, toAppError, type Refusal } from './refusal.ts'
import type { Tenants } from './tenants-in-force.ts'
import { mayActFor, type TenantsData } from './tenants.ts'
import { createTokenReader } from './token-reader.ts'

/** Who sends a request, and for whom: every tenant scope is `oboTenant`, the default owner `oboUser` (contract 1.5). */
export interface Caller extends Omit<Identity, 'kind'> {
  /** Tenant that signed the token, unless it is the admin tenant of this site, as it is for the services of this site. */
  readonly foreignSigner?: string | undefined
  /** By the tenants in force at the moment of the call. */
  mayActFor(tenant: string): boolean
}

export interface Authenticator {
  /** Rejects with an `AppError`: 401 for a refused caller, 503 until tenants are loaded, 500 when the own site is not among them. */
  authenticate(headers: IncomingHttpHeaders, method: string): Promise<Caller>
}

export interface AuthenticatorParts {
  readonly tenants: Pick<Tenants, 'current' | 'generation' | 'refresh'>
  readonly siteId: string
  /** Services that may call, by their names; unset: all. */
  readonly allowedServices?: readonly string[] | undefined
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly clock?: () => number
}

/** Tells callers apart by rows 3 to 28 of the decision table (contract 1.4); rows 1 and 2 are the router's. */
export function createAuthenticator({ tenants, siteId, allowedServices, log, clock = Date.now }: AuthenticatorParts): Authenticator {
  const tokens = createTokenReader({ clock })
  let generationWithoutSite: number | undefined

  /** One pass over the table, on one picture of the tenants. */
  async function judge(headers: IncomingHttpHeaders, method: string): Promise<Identity | Refusal> {
    const data = dataInForce()
    const token = firstValue(headers, 'x-tapis-token')
    if (token === undefined) return refused('TAPIS_SECURITY_MISSING_JWT_INFO', { method, ...(firstValue(headers, 'authorization') === undefined ? {} : { hint: 'there is an Authorization header; the token belongs into X-Tapis-Token, without Bearer' }) })
    const claims = await tokens.read(token, data, tenants.generation)
    if (claims.kind === 'refused') return claims
    const obo = { user: firstValue(headers, 'x-tapis-user'), tenant: firstValue(headers, 'x-tapis-tenant') }
    return restrict(identify(claims, obo, { data, siteId }), allowedServices)
  }

  /** Row 3. */
  function dataInForce(): TenantsData {
    const data = tenants.current()
    if (!data) throw new AppError('NTFAPI_UNAVAILABLE', { details: { reason: 'tenants are not loaded yet' }, retryAfterS: 1 })
    if (data.sites.has(siteId)) return data
    if (generationWithoutSite !== tenants.generation) log.error({ siteId }, 'own site is not among the sites')
    generationWithoutSite = tenants.generation
    throw new AppError('TAPIS_SECURITY_UNINITIALIZED_FILTER', { details: { site: siteId } })
  }

  return {
    async authenticate(headers, method) {
      const generation = tenants.generation
      let verdict = await judge(headers, method)
      if (verdict.kind === 'refused' && verdict.mayBeStale) {
        await tenants.refresh()
        if (tenants.generation !== generation) verdict = await judge(headers, method)
      }
      if (verdict.kind === 'identity') return toCaller(verdict, tenants, siteId)
      log.debug({ code: verdict.code, ...verdict.details }, 'caller refused')
      throw toAppError(verdict)
    },
  }
}

/** What follows the table, since Tapis Notifications 1.9.1: a site may name the services that call. Users are not concerned. */
function restrict(verdict: Identity | Refusal, allowedServices: readonly string[] | undefined): Identity | Refusal {
  if (verdict.kind === 'refused' || !verdict.isService || allowedServices === undefined || allowedServices.includes(verdict.jwtUser)) return verdict
  return refused('TAPIS_SECURITY_RESTRICTED_SERVICE', { service: verdict.jwtUser })
}

function toCaller({ jwtTenant, jwtUser, oboTenant, oboUser, isService }: Identity, tenants: AuthenticatorParts['tenants'], siteId: string): Caller {
  return {
    jwtTenant, jwtUser, oboTenant, oboUser, isService,
    foreignSigner: tenants.current()?.sites.get(siteId)?.adminTenantId === jwtTenant ? undefined : jwtTenant,
    mayActFor(tenant) {
      const data = tenants.current()
      return data !== undefined && mayActFor(data, jwtTenant, tenant)
    },
  }
}
