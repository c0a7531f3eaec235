import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { AppError } from '../errors.ts'
import type { Log } from '../../log.ts'
import { createFailureLog } from '../../runtime/failure-log.ts'
import { runWithin } from '../../runtime/within.ts'
import type { Admins } from './admins.ts'
import type { JsonResponse, JsonClient } from '../auth/json-client.ts'
import type { Tenants } from '../auth/tenants/current-tenants.ts'
import { routeToSecurityKernel, type SecurityKernelRoute } from './security-kernel-route.ts'
import type { ServiceTokens } from './service-token.ts'

const UNAUTHORIZED = 401

/** Missing and null count as false. */
const IsAdminResponse = Type.Object({
  result: Type.Object({ isAuthorized: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])) }),
})

export interface SecurityKernelDeps {
  readonly tenants: Pick<Tenants, 'current'>
  readonly siteId: string
  readonly client: JsonClient
  readonly tokens: ServiceTokens
  readonly log: Log
  /** For one check in all, with the tokens that it needs. */
  readonly timeoutMs?: number
}

/**
 * Asks the Security Kernel, as the service itself, each time (protocol 1.7). When that fails for any reason the check
 * rejects: a failure makes nobody an administrator.
 */
export function createSecurityKernel({
  tenants,
  siteId,
  client,
  tokens,
  log,
  timeoutMs = 5000,
}: SecurityKernelDeps): Admins {
  const failures = createFailureLog(log, 'security-kernel')

  async function ask(body: { tenant: string; user: string }, signal: AbortSignal): Promise<boolean> {
    const data = tenants.current()
    if (!data) throw new Error('tenants are not loaded yet')
    const route = routeToSecurityKernel(data, siteId)
    const askWith = (token: string) =>
      client.send(route.isAdminUrl, { method: 'POST', headers: headersFor(route, token), body, signal })

    const token = await tokens.current(route)
    const response = await askWith(token)
    if (response.kind === 'json' || response.statusCode !== UNAUTHORIZED) return isAuthorized(response, route)
    const renewed = await tokens.renew(token, route)
    return isAuthorized(renewed === undefined ? response : await askWith(renewed), route)
  }

  return {
    async isAdmin(tenant, user) {
      try {
        const response = await runWithin(timeoutMs, (signal) => ask({ tenant, user }, signal))
        failures.markHealthy()
        return response
      } catch (error) {
        failures.failed(error)
        throw new AppError('NTFAPI_ADMIN_CHECK_ERR', { retryAfterS: 1, cause: error })
      }
    },
  }
}

const headersFor = ({ adminTenant }: SecurityKernelRoute, token: string) => ({
  'x-tapis-token': token,
  'x-tapis-user': SERVICE_NAME,
  'x-tapis-tenant': adminTenant,
})

function isAuthorized(response: JsonResponse, { isAdminUrl }: SecurityKernelRoute): boolean {
  if (response.kind === 'rejected') throw new Error(`${isAdminUrl} responded with ${response.statusCode}`)
  if (!Value.Check(IsAdminResponse, response.value)) throw new Error(`${isAdminUrl} responded without a result`)
  return response.value.result.isAuthorized ?? false
}
