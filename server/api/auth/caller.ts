import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../errors.ts'
import type { Log } from '../../log.ts'
import { firstValue } from './header.ts'
import { identify, type Identity } from './identity.ts'
import { rejected, rejectionError, type Rejection } from './rejection.ts'
import type { Tenants } from './tenants/current-tenants.ts'
import { mayActFor, type TenantsData } from './tenants/tenants.ts'
import { createTokenReader } from './token-reader.ts'

/**
 * The sender of a request, and the user it acts for: every tenant scope is `oboTenant`, the default owner `oboUser`
 * (protocol 1.5).
 */
export interface Caller extends Omit<Identity, 'kind'> {
  /**
   * The tenant that signed the token; undefined for the admin tenant of this site, which signs for the services of this
   * site.
   */
  readonly foreignSigner?: string | undefined
  /** Decides by the tenants that are current at the moment of the call. */
  mayActFor(tenant: string): boolean
}

export interface Authenticator {
  /**
   * Rejects with an `AppError`: 401 for a caller that is not accepted, 503 until tenants are loaded, 500 when the own
   * site is not among them.
   */
  authenticate(headers: IncomingHttpHeaders, method: string): Promise<Caller>
}

export interface AuthenticatorDeps {
  readonly tenants: Pick<Tenants, 'current' | 'generation' | 'refresh'>
  readonly siteId: string
  /** The names of the services that may call; undefined: all. */
  readonly allowedServices?: readonly string[] | undefined
  readonly log: Log
  /** Milliseconds since 1970. */
  readonly clock?: () => number
}

/** Authenticates callers by protocol rows 3 to 29; protocol rows 1 and 2 are the router's. */
export function createAuthenticator({
  tenants,
  siteId,
  allowedServices,
  log,
  clock = Date.now,
}: AuthenticatorDeps): Authenticator {
  const tokens = createTokenReader({ clock })
  let generationWithoutSite: number | undefined

  /** Goes through the table once, with one snapshot of the tenants. */
  async function judge(headers: IncomingHttpHeaders, method: string): Promise<Identity | Rejection> {
    const data = dataInForce()
    const token = firstValue(headers, 'x-tapis-token')
    if (token === undefined)
      return rejected('TAPIS_SECURITY_MISSING_JWT_INFO', {
        method,
        ...(firstValue(headers, 'authorization') === undefined
          ? {}
          : { hint: 'there is an Authorization header; send the token in X-Tapis-Token, without Bearer' }),
      })
    const claims = await tokens.read(token, data, tenants.generation)
    if (claims.kind === 'rejected') return claims
    const obo = { user: firstValue(headers, 'x-tapis-user'), tenant: firstValue(headers, 'x-tapis-tenant') }
    return restrict(identify(claims, obo, { data, siteId }), allowedServices)
  }

  /** Protocol row 3. */
  function dataInForce(): TenantsData {
    const data = tenants.current()
    if (!data)
      throw new AppError('NTFAPI_UNAVAILABLE', { details: { reason: 'tenants are not loaded yet' }, retryAfterS: 1 })
    if (data.sites.has(siteId)) return data
    if (generationWithoutSite !== tenants.generation) log.error({ siteId }, 'own site is not among the sites')
    generationWithoutSite = tenants.generation
    throw new AppError('TAPIS_SECURITY_UNINITIALIZED_FILTER', { details: { site: siteId } })
  }

  return {
    async authenticate(headers, method) {
      const generation = tenants.generation
      let verdict = await judge(headers, method)
      if (verdict.kind === 'rejected' && verdict.mayBeStale) {
        await tenants.refresh()
        if (tenants.generation !== generation) verdict = await judge(headers, method)
      }
      if (verdict.kind === 'identity') return toCaller(verdict, tenants, siteId)
      log.debug({ code: verdict.code, ...verdict.details }, 'caller rejected')
      throw rejectionError(verdict)
    },
  }
}

/** Protocol row 29, since Tapis Notifications 1.9.1: a site may name the services that call. Users are not affected. */
function restrict(verdict: Identity | Rejection, allowedServices: readonly string[] | undefined): Identity | Rejection {
  if (
    verdict.kind === 'rejected' ||
    !verdict.isService ||
    allowedServices === undefined ||
    allowedServices.includes(verdict.jwtUser)
  )
    return verdict
  return rejected('TAPIS_SECURITY_RESTRICTED_SERVICE', { service: verdict.jwtUser })
}

function toCaller(
  { jwtTenant, jwtUser, oboTenant, oboUser, isService }: Identity,
  tenants: AuthenticatorDeps['tenants'],
  siteId: string,
): Caller {
  return {
    jwtTenant,
    jwtUser,
    oboTenant,
    oboUser,
    isService,
    foreignSigner: tenants.current()?.sites.get(siteId)?.adminTenantId === jwtTenant ? undefined : jwtTenant,
    mayActFor(tenant) {
      const data = tenants.current()
      return data !== undefined && mayActFor(data, jwtTenant, tenant)
    },
  }
}
