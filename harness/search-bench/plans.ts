import { createListOperations } from '@tidings/server/api/lists/operations.ts'
import { parseQuery } from '@tidings/server/api/query.ts'
import type { Call } from '@tidings/server/api/route.ts'
import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import { SCHEMA } from '@tidings/server/db/schema.ts'
import { sql, type Sql } from '@tidings/server/db/sql.ts'
import { createLog } from '@tidings/server/log.ts'
import type { Case } from './cases.ts'

/** Runs a case inside this process and answers the plan of every statement that it takes, with times and buffers. */
export async function plansOf(url: string, { path, search }: Case): Promise<readonly string[]> {
  const db = createDatabase({ url: () => url, schema: SCHEMA, name: 'plans', maxConnections: 1, statementTimeoutMs: 60_000, answerTimeoutMs: 62_000, log: createLog({ level: 'warn', isTerminal: false }) })
  const plans: string[] = []
  const explaining: Database = {
    ...db,
    async query<Row>(statement: Sql): Promise<Row[]> {
      if (!/^\s*explain/.test(statement.text)) {
        const rows = await db.query<{ 'QUERY PLAN': string }>(sql`explain (analyze, buffers, timing off) ${statement}`)
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
      }
      return db.query<Row>(statement)
    },
  }
  const lists = createListOperations({ db: explaining, longListDb: db, access: { ownersFor: (_caller, query) => Promise.resolve(query.flag('anyOwner') ? undefined : query.text('ownedBy')) } })
  const call: Call = {
    params: {}, headersDistinct: {}, origin: '', query: parseQuery(path), body: search === undefined ? undefined : Buffer.from(JSON.stringify({ search: [search] })),
    caller: { jwtTenant: 'admin', jwtUser: 'jobs', oboTenant: 'dev', oboUser: 'jobs', isService: true, mayActFor: () => true },
  }
  try {
    await (search === undefined ? lists.list(call) : lists.searchByBody(call))
    return plans
  } finally {
    await db.close()
  }
}
