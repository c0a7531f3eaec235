import type { ReadyCheck } from '../api/status/status.ts'
import type { Tenants } from '../api/auth/tenants/current-tenants.ts'
import type { Broker } from '../broker/broker.ts'
import type { Database } from '../db/database.ts'
import { sql } from '../db/sql.ts'

export interface ReadinessDeps {
  readonly tenants: Pick<Tenants, 'current'>
  readonly siteId: string
  readonly db: Database
  readonly broker: Pick<Broker, 'problem'>
}

/** What readycheck looks at, in the order of the Tapis service (protocol 3.1). */
export function createReadyChecks({ tenants, siteId, db, broker }: ReadinessDeps): ReadyCheck[] {
  return [
    { name: 'CheckTenants', label: 'tenants', run: () => Promise.resolve((tenants.current()?.tenants.size ?? 0) > 0) },
    { name: 'CheckJWT', label: 'JWT', run: () => Promise.resolve(tenants.current()?.sites.has(siteId) ?? false) },
    { name: 'CheckDB', label: 'DB', run: () => isTrue(db, sql`select to_regclass('subscription') is not null as ok`) },
    { name: 'CheckMessageBroker', label: 'MessageBroker', run: () => checkBroker(broker, db) },
    { name: 'CheckDispatcher', label: 'Dispatcher', run: () => isTrue(db, EVERY_PARTITION_IS_OWNED) },
  ]
}

/** The heartbeat of the dispatchers: each partition has an owner whose lease runs. */
const EVERY_PARTITION_IS_OWNED = sql`
  select not exists (
    select from partition
    where not exists (
      select from dispatcher
      where dispatcher.id = partition.owner and dispatcher.lease_until > clock_timestamp())) as ok`

/** With the database as broker, records are taken as long as the session may write; with another, they end there. */
async function checkBroker(broker: Pick<Broker, 'problem'>, db: Database): Promise<boolean | string> {
  return (
    broker.problem() ??
    isTrue(db, sql`select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as ok`)
  )
}

async function isTrue(db: Database, statement: Parameters<Database['query']>[0]): Promise<boolean> {
  const [row] = await db.query<{ ok: boolean }>(statement)
  return row?.ok ?? false
}
