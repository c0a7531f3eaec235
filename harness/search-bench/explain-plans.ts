import { listResponse, parseSearch } from '@tidings/server/api/lists/list-response.ts'
import { createListSubscriptions } from '@tidings/server/api/lists/list-subscriptions.ts'
import { parseSqlLike } from '@tidings/server/api/search/sql-like/sql-like-condition.ts'
import { parseQuery } from '@tidings/server/api/http/query.ts'
import type { RequestContext } from '@tidings/server/api/http/route.ts'
import { createDatabase, type Database } from '@tidings/server/db/database.ts'
import { SCHEMA } from '@tidings/server/db/schema-name.ts'
import { sql, type Sql } from '@tidings/server/db/sql.ts'
import { createLog } from '@tidings/server/log.ts'
import type { Case } from './search-cases.ts'

/** Runs a case inside this process and returns the plan of every statement that it takes, with times and buffers. */
export async function plansOf(url: string, { path, search }: Case): Promise<readonly string[]> {
  const db = createDatabase({
    url: () => url,
    schema: SCHEMA,
    name: 'plans',
    maxConnections: 1,
    statementTimeoutMs: 60_000,
    answerTimeoutMs: 62_000,
    log: createLog({ level: 'warn', isTerminal: false }),
  })
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
  const list = createListSubscriptions({
    db: explaining,
    longListDb: db,
    access: {
      ownersFor: (_caller, query) => Promise.resolve(query.flag('anyOwner') ? undefined : query.text('ownedBy')),
    },
  })
  const call: RequestContext = {
    params: {},
    headersDistinct: {},
    origin: '',
    query: parseQuery(path),
    body: undefined,
    waitedMs: 0,
    caller: {
      jwtTenant: 'admin',
      jwtUser: 'jobs',
      oboTenant: 'dev',
      oboUser: 'jobs',
      isService: true,
      mayActFor: () => true,
    },
  }
  try {
    await listResponse(list, call, search === undefined ? parseSearch(call.query) : parseSqlLike([search]))
    return plans
  } finally {
    await db.close()
  }
}
