import { createHash } from 'node:crypto'
import { PAUSE, rowLock, type LockRequest, type Step, type Table, type Transaction } from './tables.ts'
import type { LockMode } from './locks.ts'

/** What a statement does when it runs: it may wait for locks, and returns rows. */
export type Run = Generator<Step, readonly object[], boolean>

/** A part of what a statement does. */
export type Part<Result = void> = Generator<Step, Result, boolean>

/**
 * What one SQL statement of the service does, on the tables of the simulation. It stands for the statement whose text
 * has `marker`, and for no other.
 */
export interface Model {
  readonly name: string
  readonly marker: string
  /** `values`: the parameters of the statement, in the order in which they stand in its text. */
  readonly run: (tx: Transaction, values: readonly unknown[]) => Run
}

/** `Values`: the types of the parameters, in the order in which they stand in the text. */
export const locking = <Values extends readonly unknown[]>(
  name: string,
  marker: string,
  run: (tx: Transaction, ...values: Values) => Run,
): Model => ({ name, marker, run: (tx, values) => run(tx, ...(values as Values)) })

/** Of a statement that never waits. */
export const reading = <Values extends readonly unknown[]>(
  name: string,
  marker: string,
  rowsOf: (tx: Transaction, ...values: Values) => readonly object[],
): Model => ({
  name,
  marker,
  // eslint-disable-next-line require-yield -- it waits for nothing
  *run(tx, values) {
    return rowsOf(tx, ...(values as Values))
  },
})

/** Waits for the lock of a row. The row may be another one, or gone, when it is held: read it anew. */
export function* lockRow<Row extends object>(
  table: Table<Row>,
  key: string,
  mode: LockMode = 'update',
): Generator<LockRequest, void, boolean> {
  yield { key: rowLock(table, key), mode, skip: false }
}

/**
 * Waits for the lock of a row that was found by its place (`ctid`). Returns false when it has another place or is gone
 * by then: PostgreSQL leaves it alone.
 */
export function* lockVersion<Row extends object>(tx: Transaction, table: Table<Row>, version: Row): Part<boolean> {
  const key = table.keyOf(version)
  yield* lockRow(table, key)
  return tx.get(table, key) === version
}

/** Takes the lock of a row, or returns false at once. */
export function* lockRowOrSkip<Row extends object>(
  table: Table<Row>,
  key: string,
): Generator<LockRequest, boolean, boolean> {
  return yield { key: rowLock(table, key), mode: 'update', skip: true }
}

export function* lockAdvisory(space: number, id: number): Generator<LockRequest, void, boolean> {
  yield { key: `advisory ${space} ${id}`, mode: 'update', skip: false }
}

/** The end of one statement of a function, and the begin of the next one, with a newer snapshot. */
export function* nextStatement(): Part {
  yield PAUSE
}

export interface ModelsDeps {
  readonly models: readonly Model[]
  /** Called with the hash of each text when it first comes, and the name of its model. */
  readonly onText: (name: string, fingerprint: string) => void
}

/** Finds the model of a statement by its text. */
export function createModels({ models, onText }: ModelsDeps): (text: string) => Model {
  const known = new Map<string, Model>()
  return (text) => {
    const remembered = known.get(text)
    if (remembered) return remembered
    const found = models.filter(({ marker }) => text.includes(marker))
    const [model] = found
    if (!model || found.length > 1)
      throw new Error(
        `${found.length} models (${found.map(({ name }) => name).join(', ')}) of this statement: ${text.slice(0, 300)}`,
      )
    onText(model.name, fingerprintOf(text))
    known.set(text, model)
    return model
  }
}

/** Layout does not count. */
export const fingerprintOf = (text: string) =>
  createHash('sha256').update(text.trim().replaceAll(/\s+/g, ' ')).digest('hex').slice(0, 12)

/** Returns the elements of arrays of the same length, side by side, as `unnest` does. */
export function zip<A, B>(a: readonly A[], b: readonly B[]): [A, B][] {
  return a.map((one, at) => [one, b[at] as B])
}
