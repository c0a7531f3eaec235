import type { LockMode, LockOwner } from './locks.ts'
import type { Xids } from './xids.ts'

/** A kind of rows, found by key, and by the group in which statements look for them. */
export interface Table<Row extends object> {
  readonly name: string
  readonly keyOf: (row: Row) => string
  readonly groupOf: (row: Row) => string
}

export const defineTable = <Row extends object>(
  name: string,
  keyOf: (row: Row) => string,
  groupOf: (row: Row) => string = () => '',
): Table<Row> => ({ name, keyOf, groupOf })

/** A row that a transaction has written. */
export interface Write {
  readonly table: Table<never>
  /** Undefined: it was deleted. */
  readonly row: object | undefined
  /** As it was before the transaction. */
  readonly before: object | undefined
}

/** What is committed. Rows are never changed, only replaced. */
export interface Tables {
  get<Row extends object>(table: Table<Row>, key: string): Row | undefined
  group<Row extends object>(table: Table<Row>, group: string): Iterable<Row>
  all<Row extends object>(table: Table<Row>): Iterable<Row>
  put<Row extends object>(table: Table<Row>, row: Row): void
  remove<Row extends object>(table: Table<Row>, key: string): void
}

interface Stored {
  readonly rows: Map<string, object>
  readonly groups: Map<string, Map<string, object>>
}

export function createTables(): Tables {
  const stored = new Map<string, Stored>()

  function of(name: string): Stored {
    const known = stored.get(name)
    if (known) return known
    const made: Stored = { rows: new Map(), groups: new Map() }
    stored.set(name, made)
    return made
  }

  return {
    get: <Row extends object>(table: Table<Row>, key: string) => of(table.name).rows.get(key) as Row | undefined,
    group: <Row extends object>(table: Table<Row>, group: string) =>
      (of(table.name).groups.get(group)?.values() ?? []) as Iterable<Row>,
    all: <Row extends object>(table: Table<Row>) => of(table.name).rows.values() as Iterable<Row>,
    put(table, row) {
      const { rows, groups } = of(table.name)
      const key = table.keyOf(row)
      const group = table.groupOf(row)
      rows.set(key, row)
      const members = groups.get(group)
      if (members) members.set(key, row)
      else groups.set(group, new Map([[key, row]]))
    },
    remove<Row extends object>(table: Table<Row>, key: string) {
      const { rows, groups } = of(table.name)
      const row = rows.get(key)
      if (row === undefined) return
      rows.delete(key)
      groups.get(table.groupOf(row as Row))?.delete(key)
    },
  }
}

/**
 * A transaction as its statements see it. Reads see what is committed at that moment, and what the transaction itself
 * has written. A statement that waits for a lock must have read before the wait what its snapshot is to show, and reads
 * anew after the wait only the row that it has locked: READ COMMITTED.
 */
export interface Transaction {
  /** ms since 1970, by the clock of the database: of its begin, as `now()`. */
  readonly startedAt: number
  /** The same, at this moment, as `clock_timestamp()`. */
  readonly clock: number
  get<Row extends object>(table: Table<Row>, key: string): Row | undefined
  scan<Row extends object>(table: Table<Row>, group: string): Row[]
  all<Row extends object>(table: Table<Row>): Row[]
  /** The transaction must hold the row's lock. */
  put<Row extends object>(table: Table<Row>, row: Row): void
  remove<Row extends object>(table: Table<Row>, key: string): void
  /** Of a sequence: never handed out twice, rolled back or not. */
  nextValue(sequence: string): number
  /** `pg_current_xact_id()`. */
  xid(): number
  /** `pg_current_snapshot()`, of this moment: of what reads at the same moment see. */
  snapshot(): string
  /** Runs when the transaction has committed, before anybody else sees it. */
  onCommit(run: () => void): void
}

/** What a statement waits for. `skip`: it goes on without the lock when another has it, and is told so. */
export interface LockRequest {
  readonly key: string
  readonly mode: LockMode
  readonly skip: boolean
}

/** Between two statements of a function: others may commit, and what comes later sees it. */
export const PAUSE = 'pause'

export type Step = LockRequest | typeof PAUSE

export const rowLock = <Row extends object>(table: Table<Row>, key: string) => `${table.name} ${key}`

export interface OpenTransaction extends Transaction {
  readonly owner: LockOwner
  writes(): Write[]
  commit(): void
  rollBack(): void
}

export interface TransactionDeps {
  readonly tables: Tables
  readonly clock: () => number
  readonly nextValue: (sequence: string) => number
  readonly xids: Xids
}

export function openTransaction({ tables, clock, nextValue, xids }: TransactionDeps): OpenTransaction {
  const writes = new Map<string, Map<string, Write>>()
  const commits: (() => void)[] = []
  const owner: LockOwner = { held: new Map(), waitingFor: undefined }
  let assigned: number | undefined

  const xid = () => (assigned ??= xids.assign())

  function endXid(): void {
    if (assigned !== undefined) xids.end(assigned)
  }

  function write<Row extends object>(table: Table<Row>, key: string, row: Row | undefined): void {
    if (owner.held.get(rowLock(table, key)) !== 'update') throw new Error(`${table.name} ${key} is not locked`)
    xid()
    const ofTable = writes.get(table.name) ?? new Map<string, Write>()
    writes.set(table.name, ofTable)
    const before = ofTable.get(key)?.before ?? tables.get(table, key)
    ofTable.set(key, { table, row, before })
  }

  function overlay<Row extends object>(table: Table<Row>, committed: Iterable<Row>, group?: string): Row[] {
    const own = writes.get(table.name)
    if (!own) return [...committed]
    const rows = [...committed].filter((row) => !own.has(table.keyOf(row)))
    for (const { row } of own.values())
      if (row && (group === undefined || table.groupOf(row as Row) === group)) rows.push(row as Row)
    return rows
  }

  return {
    owner,
    startedAt: clock(),
    get clock() {
      return clock()
    },
    get(table, key) {
      const own = writes.get(table.name)?.get(key)
      return own ? (own.row as ReturnType<typeof tables.get<never>>) : tables.get(table, key)
    },
    scan: (table, group) => overlay(table, tables.group(table, group), group),
    all: (table) => overlay(table, tables.all(table)),
    put: (table, row) => write(table, table.keyOf(row), row),
    remove: (table, key) => write(table, key, undefined),
    nextValue,
    xid,
    snapshot: () => xids.snapshot(),
    onCommit: (run) => void commits.push(run),
    writes: () => [...writes.values()].flatMap((ofTable) => [...ofTable.values()]),
    commit() {
      for (const ofTable of writes.values())
        for (const [key, { table, row }] of ofTable)
          if (row === undefined) tables.remove(table, key)
          else tables.put(table, row as never)
      endXid()
      for (const run of commits) run()
    },
    rollBack: endXid,
  }
}
