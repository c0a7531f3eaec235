import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { createSingleFlightByKey } from '../../runtime/single-flight.ts'
import { runWithin } from '../../runtime/within.ts'
import type { JsonClient } from '../auth/json-client.ts'
import type { SecurityKernelRoute } from './security-kernel-route.ts'

const ACCESS_TTL_S = 14_400
const REFRESH_TTL_S = 14_460
/** A token that expires sooner is no longer used. */
const MARGIN_MS = 60_000
/**
 * A token younger than this is not replaced after a rejection, because its successor would be rejected too: a Security
 * Kernel that rejects every token must not flood the Tokens service.
 */
const RENEW_FLOOR_MS = 10_000

const TokensResponse = Type.Object({
  result: Type.Object({
    access_token: Type.Object({
      access_token: Type.String({ pattern: '^[\\x21-\\x7e]+$' }),
      expires_in: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    }),
  }),
})

/** The token with which this service authenticates itself. Rejects when the Tokens service does not issue one. */
export interface ServiceTokens {
  /** Returns the token, cached until shortly before it expires. */
  current(route: SecurityKernelRoute): Promise<string>
  /** Returns another token because this one was rejected; undefined when that would not help. */
  renew(rejected: string, route: SecurityKernelRoute): Promise<string | undefined>
}

export interface ServiceTokensDeps {
  readonly client: JsonClient
  /** The password of the service `notifications`. */
  readonly password: string
  /**
   * Shorter than the time limit of the checks that wait for the token, so that none joins a request that has failed
   * already.
   */
  readonly timeoutMs?: number
  readonly monotonicMs?: () => number
}

interface CachedToken {
  readonly key: string
  readonly token: string
  readonly fetchedAtMs: number
  readonly endsAtMs: number
}

/**
 * Concurrent calls share one request to the Tokens service (single-flight), which has its own time limit (protocol
 * 1.7).
 */
export function createServiceTokens({
  client,
  password,
  timeoutMs = 4000,
  monotonicMs = () => performance.now(),
}: ServiceTokensDeps): ServiceTokens {
  const login = `Basic ${Buffer.from(`${SERVICE_NAME}:${password}`).toString('base64')}`
  let cached: CachedToken | undefined
  const share = createSingleFlightByKey<string>()

  async function fetchToken(key: string, { tokensUrl, adminTenant, targetSite }: SecurityKernelRoute): Promise<string> {
    const fetchedAtMs = monotonicMs()
    const body = {
      token_tenant_id: adminTenant,
      token_username: SERVICE_NAME,
      account_type: 'service',
      access_token_ttl: ACCESS_TTL_S,
      refresh_token_ttl: REFRESH_TTL_S,
      generate_refresh_token: true,
      target_site_id: targetSite,
    }
    const response = await runWithin(timeoutMs, (signal) =>
      client.send(tokensUrl, { method: 'POST', headers: { authorization: login }, body, expects: [200, 201], signal }),
    )
    if (response.kind === 'rejected') throw new Error(`${tokensUrl} responded with ${response.statusCode}`)
    if (!Value.Check(TokensResponse, response.value)) throw new Error(`${tokensUrl} responded without a token`)
    const { access_token: token, expires_in: lifeS } = response.value.result.access_token
    cached = { key, token, fetchedAtMs, endsAtMs: fetchedAtMs + (lifeS ?? ACCESS_TTL_S) * 1000 }
    return token
  }

  async function current(route: SecurityKernelRoute): Promise<string> {
    const key = JSON.stringify([route.tokensUrl, route.adminTenant, route.targetSite])
    if (cached?.key === key && monotonicMs() < cached.endsAtMs - MARGIN_MS) return cached.token
    return share(key, () => fetchToken(key, route))
  }

  return {
    current,
    async renew(rejected, route) {
      if (cached?.token === rejected) {
        if (monotonicMs() < cached.fetchedAtMs + RENEW_FLOOR_MS) return undefined
        cached = undefined
      }
      return current(route)
    },
  }
}
