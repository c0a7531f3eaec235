import { MAX_LONG_LISTS } from '../api/lists/long-lists.ts'
import { createDatabase, type Database, type DatabaseOptions } from '../db/database.ts'
import type { Log } from '../log.ts'

/**
 * Pools by what they are for, so that one kind of work never waits behind another. A pool without work has no
 * connection.
 */
export const POOL_SETTINGS = {
  api: { maxConnections: 8, statementTimeoutMs: 10_000 },
  // Of the probes: whatever callers do, an operator sees the truth.
  probes: { maxConnections: 2, statementTimeoutMs: 5000 },
  // Of callers without a token: they can use up these, not those of the api.
  callback: { maxConnections: 2, statementTimeoutMs: 10_000 },
  // Lists and searches: an expensive one is given up, and takes no connection from what creates, deletes and probes.
  search: { maxConnections: 4, statementTimeoutMs: 5000 },
  longLists: { maxConnections: MAX_LONG_LISTS, statementTimeoutMs: 20_000 },
  // So that nothing is before it: what it measures is the round trip.
  clock: { maxConnections: 1, statementTimeoutMs: 2500, prepares: true },
  publish: { maxConnections: 1, statementTimeoutMs: 2500, prepares: true },
  lease: { maxConnections: 1, statementTimeoutMs: 2500, prepares: true },
  dispatch: { maxConnections: 1, statementTimeoutMs: 10_000, prepares: true },
  // A partition whose locks another session holds does not keep the others waiting.
  pump: { maxConnections: 1, statementTimeoutMs: 2500, lockTimeoutMs: 250, prepares: true },
  slowDispatch: { maxConnections: 1, statementTimeoutMs: 120_000 },
  // So that texts and targets of heads that may be sent do not wait for a claim.
  claim: { maxConnections: 2, statementTimeoutMs: 10_000, prepares: true },
  settle: { maxConnections: 1, statementTimeoutMs: 10_000, prepares: true },
  // So that nothing is before it: without it, nothing is sent.
  deletions: { maxConnections: 1, statementTimeoutMs: 2500, prepares: true },
  // E-mail has its own, so that a backlog of it takes no turn of a webhook.
  claimMail: { maxConnections: 1, statementTimeoutMs: 10_000, prepares: true },
  settleMail: { maxConnections: 1, statementTimeoutMs: 10_000, prepares: true },
  recovery: { maxConnections: 2, statementTimeoutMs: 10_000 },
  housekeeping: { maxConnections: 1, statementTimeoutMs: 60_000 },
} satisfies Record<string, Partial<DatabaseOptions>>

export type Pools = Readonly<Record<keyof typeof POOL_SETTINGS, Database>>

/**
 * `url` is asked at each new connection: the embedded server may come back on another port. `schema` has our tables.
 */
export function createPools(url: () => string, schema: string, log: Log): Pools {
  const pool = (name: keyof typeof POOL_SETTINGS) =>
    createDatabase({
      url,
      schema,
      name,
      answerTimeoutMs: POOL_SETTINGS[name].statementTimeoutMs + 2000,
      log,
      ...POOL_SETTINGS[name],
    })
  return {
    api: pool('api'),
    probes: pool('probes'),
    callback: pool('callback'),
    search: pool('search'),
    longLists: pool('longLists'),
    clock: pool('clock'),
    publish: pool('publish'),
    lease: pool('lease'),
    dispatch: pool('dispatch'),
    pump: pool('pump'),
    slowDispatch: pool('slowDispatch'),
    claim: pool('claim'),
    settle: pool('settle'),
    deletions: pool('deletions'),
    claimMail: pool('claimMail'),
    settleMail: pool('settleMail'),
    recovery: pool('recovery'),
    housekeeping: pool('housekeeping'),
  }
}

export async function closePools(pools: Pools): Promise<void> {
  await Promise.all(Object.values(pools).map((pool) => pool.close()))
}
