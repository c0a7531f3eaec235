import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { AppError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { createFailureLog } from '../../runtime/failure-log.ts'
import { withLimit } from '../../runtime/limit.ts'
import type { Admins } from './admins.ts'
import type { JsonAnswer, JsonClient } from '../auth/json-client.ts'
import type { Tenants } from '../auth/tenants-in-force.ts'
import { routeToSecurityKernel, type SecurityKernelRoute } from './security-kernel-route.ts'
import type { ServiceTokens } from './service-token.ts'

const UNAUTHORIZED = 401

/** Missing and null count as false. */
const IsAdminAnswer = Type.Object({ result: Type.Object({ isAuthorized: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])) }) })

export interface SecurityKernelParts {
  readonly tenants: Pick<Tenants, 'current'>
  readonly siteId: string
  readonly client: JsonClient
  readonly tokens: ServiceTokens
  readonly log: Log
  /** For a question in all, with the tokens that it needs. */
  readonly timeoutMs?: number
}

/**
 * Asks the Security Kernel, as the service itself, each time (contract 1.7). Whatever goes wrong, nobody is found to be an
 * administrator: that it cannot be found out is an answer of its own.
 */
export function createSecurityKernel({ tenants, siteId, client, tokens, log, timeoutMs = 5000 }: SecurityKernelParts): Admins {
  const failures = createFailureLog(log, 'security-kernel')

  async function ask(body: { tenant: string; user: string }, signal: AbortSignal): Promise<boolean> {
    const data = tenants.current()
    if (!data) throw new Error('tenants are not loaded yet')
    const route = routeToSecurityKernel(data, siteId)
    const askWith = (token: string) => client.ask(route.isAdminUrl, { method: 'POST', headers: headersFor(route, token), body, signal })

    const token = await tokens.current(route)
    const answer = await askWith(token)
    if (answer.kind === 'json' || answer.statusCode !== UNAUTHORIZED) return isAuthorized(answer, route)
    const renewed = await tokens.insteadOf(token, route)
    return isAuthorized(renewed === undefined ? answer : await askWith(renewed), route)
  }

  return {
    async isAdmin(tenant, user) {
      try {
        const answer = await withLimit(timeoutMs, (signal) => ask({ tenant, user }, signal))
        failures.worked()
        return answer
      } catch (error) {
        failures.failed(error)
        throw new AppError('NTFAPI_ADMIN_CHECK_ERR', { retryAfterS: 1, cause: error })
      }
    },
  }
}

const headersFor = ({ adminTenant }: SecurityKernelRoute, token: string) => ({ 'x-tapis-token': token, 'x-tapis-user': SERVICE_NAME, 'x-tapis-tenant': adminTenant })

function isAuthorized(answer: JsonAnswer, { isAdminUrl }: SecurityKernelRoute): boolean {
  if (answer.kind === 'refused') throw new Error(`${isAdminUrl} answered ${answer.statusCode}`)
  if (!Value.Check(IsAdminAnswer, answer.value)) throw new Error(`${isAdminUrl} answered without a result`)
  return answer.value.result.isAuthorized ?? false
}
