import type { Db } from '@tidings/server/db/db.ts'
import { sql, type Sql } from '@tidings/server/db/sql.ts'

/** A statement that a session has prepared. */
export interface PreparedStatement {
  readonly name: string
  readonly text: string
  readonly parameters: number
  readonly customPlans: number
}

/** A node of a plan, as EXPLAIN (FORMAT JSON) gives it. */
interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Plans?: readonly PlanNode[]
}

/** Tables of a few rows whatever is stored: one per partition, one per process. */
const SHORT_TABLES = /^(partition|partition_cursor|dispatcher)(_pkey)?$/

/** Returns the statements that the one session of this pool has prepared. */
export const readPreparedStatements = (db: Db) =>
  db.query<PreparedStatement>(sql`
    select name, statement as text, cardinality(parameter_types) as parameters, custom_plans as "customPlans"
    from pg_prepared_statements`)

/** Returns what is wrong with the plan that a session keeps for a statement; a look-up by key has no problems. */
export async function planProblems(db: Db, statement: PreparedStatement): Promise<string[]> {
  const values = statement.parameters > 0 ? `(${Array(statement.parameters).fill('null').join(', ')})` : ''
  // The name of a statement cannot be a parameter.
  const explain = { text: `explain (format json) execute "${statement.name}"${values}`, values: [] } as unknown as Sql
  const [row] = await db.query<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>(explain)
  const nodes = row?.['QUERY PLAN'].flatMap(({ Plan }) => withChildren(Plan)) ?? []
  const problems = nodes.flatMap((node) => nodeProblem(node) ?? [])
  if (statement.customPlans > 0) problems.push(`planned ${statement.customPlans} times for its values`)
  return problems.map((problem) => `${problem}: ${statement.text.trim()}`)
}

const withChildren = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(withChildren)]

function nodeProblem(node: PlanNode): string | undefined {
  const type = node['Node Type']
  if (SHORT_TABLES.test(node['Relation Name'] ?? node['Index Name'] ?? '')) return undefined
  if (type === 'Seq Scan') return `reads all of ${node['Relation Name']}`
  if (type === 'Hash Join' || type === 'Merge Join') return `a ${type} over whole inputs`
  const isIndexScan = type === 'Index Scan' || type === 'Index Only Scan' || type === 'Bitmap Index Scan'
  if (isIndexScan && node['Index Cond'] === undefined) return `reads all of ${node['Index Name']}`
  return undefined
}
