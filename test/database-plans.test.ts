import { sql } from '@tidings/server/db/sql.ts'
import type { Db } from '@tidings/server/db/db.ts'
import {
  readDispatchers,
  readPartitions,
  reapExpiredDispatchers,
  registerDispatcher,
  releaseAll,
  releasePartitions,
  removeDispatcher,
  renewLease,
  takePartitions,
} from '@tidings/server/ownership/ownership-store.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planServers, type PlanServer } from './support/plan-servers.ts'
import { queryOnce } from './support/query-once.ts'
import { planProblems, readPreparedStatements } from './support/statement-plans.ts'
import { openStepwiseService, type StepwiseService } from './support/stepwise-service.ts'

/** Statements of the hot path that run below; a new one is counted here. */
const STATEMENTS = 13

test.runIf(process.env.CI === 'true')('on CI, plans are checked on an installed PostgreSQL too', () => {
  expect(planServers).toHaveLength(2)
})

describe.each(planServers)('on $name', ({ start }) => {
  let server: PlanServer
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())

  describe.each([
    { size: 'empty', rows: 0, isAnalyzed: false },
    { size: 'small', rows: 3, isAnalyzed: true },
    { size: 'large', rows: 20_000, isAnalyzed: true },
  ])('planned while the tables are $size', ({ rows, isAnalyzed }) => {
    let steps: StepwiseService
    let setUp: ReadonlySet<string>
    beforeAll(async () => {
      steps = await openStepwiseService({
        database: { maxConnections: 1, prepares: true, ...(server.url !== undefined && { server: server.url }) },
      })
      await steps.subscribe('http://127.0.0.1/')
      await fill(steps, rows)
      if (isAnalyzed) await queryOnce(steps.db.url, 'analyze')
      await steps.db.query(sql`select pg_stat_reset()`)
      setUp = new Set((await readPreparedStatements(steps.db)).map(({ name }) => name))
      await runAll(steps)
    })
    afterAll(() => steps.stop())

    test('each statement has one plan for all values, which looks rows up by key', async () => {
      const statements = (await readPreparedStatements(steps.db)).filter(({ name }) => !setUp.has(name))
      expect(statements).toHaveLength(STATEMENTS)
      const problems = []
      for (const statement of statements) problems.push(...(await planProblems(steps.db, statement)))
      expect(problems).toEqual([])
    })

    test('no table is read from end to end, functions included', async () => {
      await steps.db.query(sql`select pg_stat_force_next_flush()`)
      const scanned = await steps.db.query(sql`
        select relname, seq_tup_read
        from pg_stat_user_tables
        where relname in ('event', 'notification', 'lane', 'series', 'subscription', 'delivery_target')
          and seq_tup_read > 0`)
      expect(scanned).toEqual([])
    })
  })
})

/** Subscriptions, events, series, and notifications that wait in lanes: `rows` of each, apart from what runs below. */
async function fill({ db: { url } }: StepwiseService, rows: number): Promise<void> {
  await queryOnce(
    url,
    `insert into tidings.subscription (uuid, tenant, owner, name, enabled, type_filter, type1, type2, type3,
                                       subject_filter, ttl_minutes)
     select gen_random_uuid(), 'dev', 'jdoe', 'filled ' || n, true, 'files.A.B', 'files', 'A', 'B',
            case n % 2 when 0 then '*' else 'subject ' || n end, 0
     from generate_series(1, ${rows}) as n`,
  )
  await queryOnce(
    url,
    `insert into tidings.delivery_target (subscription_id, ordinal, method, address, address_key)
     select id, 0, 'WEBHOOK', 'http://127.0.0.1/', gen_random_uuid()
     from tidings.subscription where name like 'filled %'`,
  )
  await queryOnce(
    url,
    `insert into tidings.event (partition, position, uuid, kind, format, tenant, received, body, body_bytes)
     select n % 4, nextval('tidings.event_position'), gen_random_uuid(), 'event', 1, 'dev', now(), '{}', 2
     from generate_series(1, ${rows}) as n`,
  )
  await queryOnce(
    url,
    `insert into tidings.series (series_key, partition, last_number)
     select uuid, partition, 1 from tidings.event`,
  )
  await queryOnce(
    url,
    `insert into tidings.notification (target_id, lane_series, position, partition, number)
     select 1000000 + position, uuid, position, partition, 1 from tidings.event`,
  )
  await queryOnce(
    url,
    `insert into tidings.lane (target_id, lane_series, partition, method, address_key, head_position, waiting)
     select target_id, lane_series, partition, 'WEBHOOK', gen_random_uuid(), position, 1 from tidings.notification`,
  )
  await queryOnce(url, `update tidings.partition_cursor set position = ${rows}`)
}

/** A publish, a dispatch, and what a dispatcher does beside them. */
async function runAll(steps: StepwiseService): Promise<void> {
  const { db, owned } = steps
  await steps.publish({ seriesId: 'one' }, { seriesId: 'two' }, { seriesId: 'three' })
  await steps.publish({ seriesId: 'ends', endSeries: true }, { deleteSubscriptionsMatchingSubject: true })
  await steps.dispatch()
  await steps.publish({ data: 'cannot be dispatched' })
  await steps.dispatch({ parkAs: 'a reason' })
  await runOwnership(db, owned.ownerId)
}

async function runOwnership(db: Db, ownerId: string): Promise<void> {
  const registration = { id: ownerId, address: 'here', format: 1, isLeaving: false }
  await registerDispatcher(db, registration, 4000)
  await renewLease(db, registration, 4000)
  await reapExpiredDispatchers(db)
  await readDispatchers(db)
  await readPartitions(db)
  await releasePartitions(db, ownerId, [{ id: 0, format: 1 }])
  await takePartitions(db, { ownerId, format: 1 }, [0], 1)
  await releaseAll(db, ownerId)
  await removeDispatcher(db, ownerId)
}
