import { SERVICE_NAME } from '@tidings/contract/service-name.ts'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { withLimit } from '../../runtime/limit.ts'
import type { JsonClient } from '../auth/json-client.ts'
import type { SecurityKernelRoute } from './security-kernel-route.ts'

const ACCESS_TTL_S = 14_400
const REFRESH_TTL_S = 14_460
/** A token that ends sooner is not used any more. */
const MARGIN_MS = 60_000
/** One so young that is refused would be refused again: a Security Kernel that refuses all must not flood the Tokens service. */
const RENEW_FLOOR_MS = 10_000

const TokensAnswer = Type.Object({
  result: Type.Object({
    access_token: Type.Object({
      access_token: Type.String({ pattern: '^[\\x21-\\x7e]+$' }),
      expires_in: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
    }),
  }),
})

/** The token by which this service speaks for itself. Rejects when the Tokens service does not give one. */
export interface ServiceTokens {
  /** Kept until shortly before it ends. */
  current(route: SecurityKernelRoute): Promise<string>
  /** Another one, since this was refused; undefined when there is no point in it. */
  insteadOf(refused: string, route: SecurityKernelRoute): Promise<string | undefined>
}

export interface ServiceTokensParts {
  readonly client: JsonClient
  /** Of the service `notifications`. */
  readonly password: string
  /** Less than that of the questions that wait for the token, so that none joins a request that has failed already. */
  readonly timeoutMs?: number
  readonly monotonicMs?: () => number
}

interface Held {
  readonly key: string
  readonly token: string
  readonly fetchedAtMs: number
  readonly endsAtMs: number
}

/** Questions of the same moment share one request to the Tokens service, which has its own time limit (contract 1.7). */
export function createServiceTokens({ client, password, timeoutMs = 4000, monotonicMs = () => performance.now() }: ServiceTokensParts): ServiceTokens {
  const login = `Basic ${Buffer.from(`${SERVICE_NAME}:${password}`).toString('base64')}`
  let held: Held | undefined
  let fetching: { readonly key: string; readonly token: Promise<string> } | undefined

  async function fetchToken(key: string, { tokensUrl, adminTenant, targetSite }: SecurityKernelRoute): Promise<string> {
    const fetchedAtMs = monotonicMs()
    const body = {
      token_tenant_id: adminTenant, token_username: SERVICE_NAME, account_type: 'service',
      access_token_ttl: ACCESS_TTL_S, refresh_token_ttl: REFRESH_TTL_S, generate_refresh_token: true, target_site_id: targetSite,
    }
    const answer = await withLimit(timeoutMs, (signal) => client.ask(tokensUrl, { method: 'POST', headers: { authorization: login }, body, expects: [200, 201], signal }))
    if (answer.kind === 'refused') throw new Error(`${tokensUrl} answered ${answer.statusCode}`)
    if (!Value.Check(TokensAnswer, answer.value)) throw new Error(`${tokensUrl} answered without a token`)
    const { access_token: token, expires_in: lifeS } = answer.value.result.access_token
    held = { key, token, fetchedAtMs, endsAtMs: fetchedAtMs + (lifeS ?? ACCESS_TTL_S) * 1000 }
    return token
  }

  async function current(route: SecurityKernelRoute): Promise<string> {
    const key = JSON.stringify([route.tokensUrl, route.adminTenant, route.targetSite])
    if (held?.key === key && monotonicMs() < held.endsAtMs - MARGIN_MS) return held.token
    if (fetching?.key !== key) {
      const token = fetchToken(key, route).finally(() => { fetching = undefined })
      fetching = { key, token }
    }
    return fetching.token
  }

  return {
    current,
    async insteadOf(refused, route) {
      if (held?.token === refused) {
        if (monotonicMs() < held.fetchedAtMs + RENEW_FLOOR_MS) return undefined
        held = undefined
      }
      return current(route)
    },
  }
}
