import type { Sql } from 'sql-template-tag'

/** Runs one statement and returns its rows. */
export interface Db {
  query<Row>(statement: Sql): Promise<Row[]>
}
