import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import fc from 'fast-check'
import { responseViolations, type FuzzResponse } from './response-checker.ts'
import { fuzzRequests, type FuzzRequest } from './requests.ts'

const CHUNK = 500
const PROBE_EVERY_MS = 50
const MAX_SHOWN = 20

export interface FuzzOptions {
  readonly base: string
  /** Headers of each caller. */
  readonly callers: Readonly<Record<FuzzRequest['caller'], Readonly<Record<string, string>>>>
  readonly requests: number
  readonly connections: number
  readonly seed?: number
}

export interface FuzzReport {
  readonly seed: number
  readonly requests: number
  readonly statuses: Readonly<Record<string, number>>
  /** Of the searches that were let in, how many were valid. */
  readonly validSearches: { readonly valid: number; readonly all: number }
  /** The first ones, each with its request. */
  readonly violations: readonly string[]
  /** ms of healthcheck, called all the while. */
  readonly probe: {
    readonly p50: number
    readonly p999: number
    readonly max: number
    readonly count: number
    readonly failed: number
  }
}

/** Sends requests that are made from the service's own document, and checks every response. */
export async function runFuzz({
  base,
  callers,
  requests,
  connections,
  seed = randomInt(2 ** 31),
}: FuzzOptions): Promise<FuzzReport> {
  const agent = new Agent({ connections, pipelining: 1 })
  const statuses: Record<string, number> = {}
  const violations: string[] = []
  const searches = { valid: 0, all: 0 }
  const probe = startProbe(base)
  const arbitrary = fuzzRequests()

  async function one(asked: FuzzRequest): Promise<void> {
    const answer = await send(agent, base, asked, callers[asked.caller])
    statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
    if (isSearch(asked) && [200, 400].includes(answer.status)) {
      searches.all += 1
      if (answer.status === 200) searches.valid += 1
    }
    for (const violation of responseViolations(base, asked, answer))
      if (violations.length < MAX_SHOWN)
        violations.push(
          `${violation}\n  ${asked.method} ${asked.path.slice(0, 300)} as ${asked.caller} ${asked.body?.slice(0, 500) ?? ''}\n  ${answer.status} ${answer.text.slice(0, 500)}`,
        )
  }

  for (let begun = 0; begun < requests; begun += CHUNK) {
    const waiting = fc.sample(arbitrary, { numRuns: Math.min(CHUNK, requests - begun), seed: seed + begun })
    const worker = async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await one(next)
    }
    await Promise.all(Array.from({ length: connections }, worker))
  }
  const report = { seed, requests, statuses, validSearches: searches, violations, probe: await probe.stop() }
  await agent.close()
  return report
}

const isSearch = ({ operation, path, body }: FuzzRequest) =>
  operation.startsWith('search') ||
  (operation === 'getSubscriptions' && path.includes('search=')) ||
  (operation === 'searchSubscriptionsRequestBody' && body !== undefined)

async function send(
  agent: Agent,
  base: string,
  { method, path, headers, body }: FuzzRequest,
  own: Readonly<Record<string, string>>,
): Promise<FuzzResponse> {
  const { expect, ...rest } = {
    ...own,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  } as Record<string, string>
  try {
    const answer = await request(`${base}/v3/notifications${path}`, {
      method: method as 'GET',
      dispatcher: agent,
      headers: rest,
      body: body ?? null,
      headersTimeout: 30_000,
    })
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
  } catch (error) {
    return { status: 0, headers: {}, text: `${String(error)} ${expect ?? ''}` }
  }
}

/** Asks healthcheck all the while, over a connection of its own. */
function startProbe(base: string): { stop(): Promise<FuzzReport['probe']> } {
  const agent = new Agent({ connections: 1 })
  const taken: number[] = []
  let failed = 0
  const stopping = new AbortController()
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const startedAt = performance.now()
      const answer = await request(`${base}/v3/notifications/healthcheck`, { dispatcher: agent }).catch(() => undefined)
      await answer?.body.text()
      if (answer?.statusCode !== 200) failed += 1
      taken.push(performance.now() - startedAt)
      await delay(PROBE_EVERY_MS)
    }
  })()
  return {
    async stop() {
      stopping.abort()
      await running
      await agent.close()
      const sorted = taken.toSorted((a, b) => a - b)
      const at = (share: number) =>
        Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
      return { p50: at(0.5), p999: at(0.999), max: at(1), count: sorted.length, failed }
    },
  }
}
