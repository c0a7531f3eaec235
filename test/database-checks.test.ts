import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sql } from '@tidings/server/db/sql.ts'
import { openStepwiseService, type StepwiseService } from './support/stepwise-service.ts'

let steps: StepwiseService

/** One valid row in every table that has a check. */
beforeAll(async () => {
  steps = await openStepwiseService()
  await steps.subscribe('http://127.0.0.1/')
  await steps.publish({})
  await steps.dispatch()
  const { db } = steps
  await db.query(sql`insert into dispatcher (id, address, lease_until) values (${randomUUID()}, 'here', now())`)
  await db.query(sql`
    insert into test_sequence (subscription_id, start_count, ends_series)
    select id, 3, true from subscription`)
})
afterAll(() => steps.stop())

/** Each check, and a change of a valid row that violates this one alone. */
const VIOLATIONS = {
  delivery_target_method_is_known: sql`update delivery_target set method = 'FAX'`,
  delivery_target_ordinal_is_from_0: sql`update delivery_target set ordinal = -1`,
  dispatcher_format_is_from_1: sql`update dispatcher set format = 0`,
  installation_broker_is_known: sql`update installation set broker_kind = 'kafka'`,
  installation_has_partitions: sql`update installation set partition_count = 0`,
  lane_is_not_empty: sql`
    insert into lane (target_id, lane_series, partition, method, address_key, head_position, waiting)
    select id, address_key, 0, method, address_key, 1, 0 from delivery_target`,
  lane_method_is_known: sql`
    insert into lane (target_id, lane_series, partition, method, address_key, head_position, waiting)
    select id, address_key, 0, 'FAX', address_key, 1, 1 from delivery_target`,
  notification_is_settled_unless_waiting: sql`update notification set state = 'delivered'`,
  notification_status_is_of_an_attempt: sql`update notification set http_status = 200`,
  partition_format_is_from_1: sql`update partition set format = 0`,
  subscription_end_has_a_reason: sql`update subscription set ended = now()`,
  subscription_expired_has_an_expiry: sql`update subscription set ended = now(), end_reason = 'expired'`,
  subscription_filter_is_its_sections: sql`update subscription set type2 = 'JOB'`,
  test_sequence_has_events: sql`update test_sequence set start_count = 0`,
  test_sequence_is_due_after_its_first: sql`update test_sequence set next_due = now()`,
  test_sequence_kept_bytes_are_from_0: sql`update test_sequence set kept_bytes = -1`,
  test_sequence_keeps_what_came: sql`update test_sequence set kept = 1`,
  test_sequence_publishes_no_more: sql`update test_sequence set published = 4`,
}

test.each(Object.entries(VIOLATIONS))('the check %s rejects a row that violates it', async (constraint, violation) => {
  await expect(steps.db.query(violation)).rejects.toMatchObject({ code: '23514', constraint })
})

test('every named check of the schema is in the list above', async () => {
  const checks = await steps.db.query<{ name: string }>(sql`
    select conname as name
    from pg_constraint
    where contype = 'c' and connamespace = 'tidings'::regnamespace and conname !~ '_check$'
    order by conname`)
  expect(checks.map(({ name }) => name)).toEqual(Object.keys(VIOLATIONS).sort())
})

test('a process of the former release passes its records by position, in arrays of the same order', async () => {
  const [uuid, otherHash] = [randomUUID(), randomUUID()]
  const publish = (contentHash: string) =>
    steps.db.query(sql`
    select publish_records(
      true, array[1]::smallint[], array[${uuid}]::uuid[], array['event'], array[1]::smallint[], array['dev'],
      array[null]::uuid[], array['jobs'], array['A'], array['B'], array['subject'], array[false], array[true],
      array[now()], array['{}'], array[2], array[3], array[${contentHash}]::uuid[]) as place`)
  expect(await publish(randomUUID())).toEqual([])
  expect(await publish(otherHash)).toEqual([{ place: 1 }])
  expect(
    await steps.db.query(sql`
      select partition, kind, format, tenant, series_key, type1, type2, type3, subject, ends_series,
             deletes_subscriptions, body, seq_offset, body_bytes
      from event where uuid = ${uuid}`),
  ).toEqual([
    {
      partition: 1,
      kind: 'event',
      format: 1,
      tenant: 'dev',
      series_key: null,
      type1: 'jobs',
      type2: 'A',
      type3: 'B',
      subject: 'subject',
      ends_series: false,
      deletes_subscriptions: true,
      body: '{}',
      seq_offset: 2,
      body_bytes: 3,
    },
  ])
})
