import { useInstallationSchema } from '@tidings/server/db/installation-schema.ts'
import pg from 'pg'

export interface Size {
  readonly subscriptions: number
  readonly owners: number
}

/**
 * Fills one tenant as the Jobs service does in a week: names and subjects from job uuids, two subscriptions per job, a
 * few owners with very many and many with few, nine in ten for all events of a job, one in a hundred for every subject.
 * The last hundredth belongs to a service that started recently, so its types lie at one end of the order of creation.
 */
export async function fill(url: string, { subscriptions, owners }: Size): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await useInstallationSchema(client)
  try {
    await client.query('select setseed(0.5)')
    await client.query(SUBSCRIPTIONS, [subscriptions, owners])
    await client.query(TARGETS)
    await client.query('vacuum analyze subscription')
    await client.query('vacuum analyze delivery_target')
  } finally {
    await client.end()
  }
}

const SUBSCRIPTIONS = `
  with drawn as (
    select i,
      'user' || lpad(floor($2::integer * power(random(), 3))::integer::text, 5, '0') as owner,
      overlay(md5('job' || i / 2)::uuid::text placing '4' from 15 for 1) || '-007' as job,
      substr(md5('end' || i), 1, 4) as ending,
      now() - interval '6 days' + i * interval '6 days' / $1::integer as created,
      random() as of_type, random() as of_subject, random() as of_expiry,
      random() as of_description, random() as of_enabled
    from generate_series(1, $1::integer) as i
  ), typed as (
    select *,
      case
        when i > $1::integer * 0.99 then 'apps.' || case when of_type < 0.5 then 'APP_' || i % 40 else '*' end || '.*'
        when of_type < 0.9 then 'jobs.*.*'
        when of_type < 0.98 then 'jobs.JOB_NEW_STATUS.*'
        when of_type < 0.995 then 'jobs.JOB_USER_EVENT.*'
        when of_type < 0.9999 then 'jobs.JOB_ERROR_MESSAGE.*'
        else 'systems.system.create'
      end as type_filter,
      case when of_subject < 0.01 then 'ALL' else job end as named_after
    from drawn
  )
  insert into subscription (uuid, tenant, owner, name, description, enabled, type_filter, type1, type2, type3,
                            subject_filter, ttl_minutes, expiry, created, updated)
  select gen_random_uuid(), 'dev', owner,
    'jobs~' || owner || '~dev~' || named_after || '~' || ending
      || case when named_after = 'ALL' then i::text else '' end,
    case when of_description < 0.3 then 'tell me about ' || job end, of_enabled < 0.98,
    type_filter, split_part(type_filter, '.', 1), split_part(type_filter, '.', 2), split_part(type_filter, '.', 3),
    case when named_after = 'ALL' then '*' else job end, 10080,
    case when of_expiry < 0.95 then created + interval '7 days' end, created, created
  from typed
  order by i`

/** Every tenth subscription has two targets. */
const TARGETS = `
  insert into delivery_target (subscription_id, ordinal, method, address, address_key)
  select id, ordinal, 'WEBHOOK', 'https://portal.example.org/hooks/' || id % 50000 || '/' || ordinal,
    md5(id || '/' || ordinal)::uuid
  from subscription, generate_series(0, 1) as ordinal
  where ordinal = 0 or id % 10 = 0`
