import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import { withSuggestion } from '../../runtime/suggestion.ts'
import { rejected, type Rejection } from './rejection.ts'
import { mayActFor, type TenantsData } from './tenants/tenants.ts'
import type { Claims } from './jwt.ts'

const BANNED_PREFIX = 'dnasubway' // protocol row 21: a temporary ban of the original, still in force

/** The sender of a request, and the user it acts for (protocol 1.5). For a user token both are the same. */
export interface Identity {
  readonly kind: 'identity'
  readonly jwtTenant: string
  readonly jwtUser: string
  readonly oboTenant: string
  readonly oboUser: string
  readonly isService: boolean
}

/** `X-Tapis-User` and `X-Tapis-Tenant`; undefined when absent or blank. */
export interface OboHeaders {
  readonly user: string | undefined
  readonly tenant: string | undefined
}

export interface IdentityContext {
  readonly data: TenantsData
  /** The site of this service; must be in `data`. */
  readonly siteId: string
}

/** Applies protocol rows 11 to 28, in their order, to a token whose signature is verified. */
export function identify(claims: Claims, obo: OboHeaders, context: IdentityContext): Identity | Rejection {
  const jwtTenant = claims.tenantId
  if (claims.tokenType !== 'access') return rejected('TAPIS_SECURITY_JWT_INVALID_CLAIM', { claim: 'tapis/token_type' })
  if (claims.accountType !== 'user' && claims.accountType !== 'service')
    return rejected('TAPIS_SECURITY_JWT_INVALID_CLAIM', { claim: 'tapis/account_type' })
  const jwtUser = claims.username
  if (jwtUser === undefined) return rejected('TAPIS_SECURITY_JWT_INVALID_CLAIM', { claim: 'tapis/username' })
  const delegationRejection = claims.isDelegated ? checkDelegation(claims, context.data) : undefined
  if (delegationRejection) return delegationRejection

  const isService = claims.accountType === 'service'
  const holder = isService
    ? identifyService(claims, jwtUser, obo, context)
    : identifyUser(jwtTenant, jwtUser, obo, context)
  if (holder.kind === 'rejected') return holder
  return checkSites(jwtTenant, context) ?? holder
}

/** Protocol rows 14 and 15: `user@tenant`, split at the first `@` as in the original. */
function checkDelegation({ delegationSub = '', tenantId }: Claims, data: TenantsData): Rejection | undefined {
  const [user = '', tenant = ''] = splitAtFirst(delegationSub.trim(), '@')
  if (user.trim() === '' || tenant.trim() === '')
    return rejected('TAPIS_SECURITY_JWT_INVALID_CLAIM', { claim: 'tapis/delegation_sub' })
  return checkMayAct(data, tenantId, tenant)
}

/** Protocol rows 16 to 21. */
function identifyService(
  claims: Claims,
  jwtUser: string,
  obo: OboHeaders,
  { data, siteId }: IdentityContext,
): Identity | Rejection {
  const jwtTenant = claims.tenantId
  if (obo.user === undefined) return rejected('TAPIS_SECURITY_MISSING_HEADER', { header: 'X-Tapis-User' })
  if (obo.tenant === undefined) return rejected('TAPIS_SECURITY_MISSING_HEADER', { header: 'X-Tapis-Tenant' })
  const actRejection = checkMayAct(data, jwtTenant, obo.tenant)
  if (actRejection) return actRejection
  if (claims.targetSite === undefined)
    return rejected('TAPIS_SECURITY_JWT_INVALID_CLAIM', { claim: 'tapis/target_site' })
  if (claims.targetSite !== siteId)
    return rejected('TAPIS_SECURITY_JWT_WRONG_SITE', { site: siteId, targetSite: claims.targetSite })
  if (jwtUser.startsWith(BANNED_PREFIX))
    return rejected('TAPIS_SECURITY_TENANT_NOT_ALLOWED', { jwtUser, oboTenant: obo.tenant })
  return { kind: 'identity', jwtTenant, jwtUser, oboTenant: obo.tenant, oboUser: obo.user, isService: true }
}

/** Protocol rows 22 to 24. */
function identifyUser(
  jwtTenant: string,
  jwtUser: string,
  obo: OboHeaders,
  { data, siteId }: IdentityContext,
): Identity | Rejection {
  if (data.sites.get(siteId)?.adminTenantId === jwtTenant)
    return rejected('TAPIS_SECURITY_USER_IN_ADMIN_TENANT', { jwtTenant })
  if (obo.user !== undefined) return rejected('TAPIS_SECURITY_UNEXPECTED_HEADER', { header: 'X-Tapis-User' })
  if (obo.tenant !== undefined) return rejected('TAPIS_SECURITY_UNEXPECTED_HEADER', { header: 'X-Tapis-Tenant' })
  return { kind: 'identity', jwtTenant, jwtUser, oboTenant: jwtTenant, oboUser: jwtUser, isService: false }
}

/**
 * Protocol rows 25 to 28. As in the original, row 25 is a tenant without a site id; one whose site is not in the list
 * comes to row 26 at an associate site, to row 28 at the primary.
 */
function checkSites(jwtTenant: string, { data, siteId }: IdentityContext): Rejection | undefined {
  const ownSite = data.sites.get(siteId)
  const tokenSiteId = data.tenants.get(jwtTenant)?.siteId
  if (tokenSiteId === undefined) return rejected('TAPIS_SECURITY_JWT_MISSING_SITE', { jwtTenant }, { mayBeStale: true })
  const tokenSite = data.sites.get(tokenSiteId)
  const isForeign = tokenSiteId !== siteId
  const mayBeStale = tokenSite === undefined
  if (isForeign && !ownSite?.isPrimary && !tokenSite?.isPrimary)
    return rejected('TAPIS_SECURITY_INTERSITE_COMM', { site: siteId, tokenSite: tokenSiteId }, { mayBeStale })
  if (!ownSite?.services.has(SERVICE_NAME)) return rejected('TAPIS_SECURITY_NO_LOCAL_SERVICE', { site: siteId })
  if (!isForeign || !ownSite.isPrimary) return undefined
  if (!tokenSite) return rejected('TAPIS_SECURITY_UNKNOWN_SITE', { tokenSite: tokenSiteId }, { mayBeStale })
  return tokenSite.services.has(SERVICE_NAME)
    ? rejected('TAPIS_SECURITY_SOURCE_SITE_SERVICE', { tokenSite: tokenSiteId })
    : undefined
}

/** An unknown tenant may be a new one. */
function checkMayAct(data: TenantsData, jwtTenant: string, tenant: string): Rejection | undefined {
  if (mayActFor(data, jwtTenant, tenant)) return undefined
  return rejected(
    'TAPIS_SECURITY_TENANT_NOT_ALLOWED',
    { jwtTenant, oboTenant: tenant, hint: hintOf(data, jwtTenant, tenant) },
    { mayBeStale: !data.tenants.has(tenant) },
  )
}

/**
 * Suggests only names that the token may act for. A tenant that it may not act for reads like one that does not exist:
 * a rejection reveals no tenant.
 */
const hintOf = (data: TenantsData, jwtTenant: string, tenant: string) =>
  withSuggestion(
    'the token may not act for a tenant of this name',
    tenant,
    [...data.tenants.keys()].filter((id) => mayActFor(data, jwtTenant, id)),
  )

function splitAtFirst(text: string, separator: string): [string, string] | [] {
  const at = text.indexOf(separator)
  return at < 0 ? [] : [text.slice(0, at), text.slice(at + separator.length)]
}
