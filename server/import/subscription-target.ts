import { sanitize } from '../runtime/display-text.ts'
import { required } from '../runtime/required.ts'
import { isContentError } from '../db/content-error.ts'
import type { Database } from '../db/database.ts'
import type { Db } from '../db/db.ts'
import { sql } from '../db/sql.ts'
import type { CheckedRow } from './convert-subscription.ts'
import { importOutcome, type ImportOutcome } from './import-outcome.ts'
import { readSubscriptionStates, rememberImports, type SubscriptionState } from './subscription-target-store.ts'
import { copySubscriptions, insertCopiedTargets } from '../subscriptions/copy-subscriptions.ts'
import { waitAndFreeExpiredNames } from '../subscriptions/end-expired.ts'

/** Concurrent creations may take names and uuids; each retry means that one of them succeeded. */
const MAX_TRIES = 5

export type ImportOutcomes = ReadonlyMap<CheckedRow, ImportOutcome>

/** Writes subscriptions. */
export interface SubscriptionTarget {
  /** Returns what became of each. */
  copy(rows: readonly CheckedRow[]): Promise<ImportOutcomes>
}

/** Returns a target that writes each batch in one transaction: a subscription with all its targets, or nothing. */
export function createSubscriptionTarget(db: Database): SubscriptionTarget {
  async function copyTogether(rows: readonly CheckedRow[]): Promise<ImportOutcomes> {
    const outcomes = new Map<CheckedRow, ImportOutcome>()
    for (let tried = 0; tried < MAX_TRIES; tried += 1) {
      const free = await findWritable(
        db,
        rows.filter((row) => !outcomes.has(row)),
        outcomes,
      )
      const written = await write(db, free)
      for (const row of free) if (written.has(row.row.uuid)) outcomes.set(row, importOutcome('copied'))
      if (outcomes.size === rows.length) return outcomes
    }
    throw new Error('Other programs keep taking the same names; run the import again')
  }

  /** When the database rejects the content of one subscription, the others are still copied, one by one. */
  async function copy(rows: readonly CheckedRow[]): Promise<ImportOutcomes> {
    try {
      return await copyTogether(rows)
    } catch (error) {
      if (!isContentError(error) || !(error instanceof Error)) throw error
      const [first, ...others] = rows
      if (first && others.length === 0)
        return new Map([[first, importOutcome('invalid', sanitize(`the database rejects it: ${error.message}`))]])
      const outcomes = new Map<CheckedRow, ImportOutcome>()
      for (const row of rows) for (const [taken, became] of await copy([row])) outcomes.set(taken, became)
      return outcomes
    }
  }

  return { copy }
}

/** Returns a target for a dry run: it reports what would happen, in read-only transactions. */
export function createDrySubscriptionTarget(db: Database): SubscriptionTarget {
  return {
    copy: (rows) =>
      db.transaction(async (tx) => {
        await tx.query(sql`set transaction read only`)
        const outcomes = new Map<CheckedRow, ImportOutcome>()
        for (const row of await findWritable(tx, rows, outcomes)) outcomes.set(row, importOutcome('copied'))
        return outcomes
      }),
  }
}

/** The target of a dry run into a database that does not exist yet. */
export const emptySubscriptionTarget: SubscriptionTarget = {
  copy: (rows) => Promise.resolve(new Map(rows.map((row) => [row, importOutcome('copied')]))),
}

/** Records the outcome of rows that cannot be written and returns the others. */
async function findWritable(
  db: Db,
  rows: readonly CheckedRow[],
  outcomes: Map<CheckedRow, ImportOutcome>,
): Promise<CheckedRow[]> {
  if (rows.length === 0) return []
  const states = new Map((await readSubscriptionStates(db, rows)).map((state) => [state.ordinal, state]))
  return rows.filter((row, index) => {
    const obstacle = obstacleOf(required(states.get(index + 1), 'the state of every row was read'))
    if (obstacle) outcomes.set(row, obstacle)
    return !obstacle
  })
}

/** Returns why a subscription cannot be written; undefined: it can. */
function obstacleOf(state: SubscriptionState): ImportOutcome | undefined {
  if (state.isThere && !state.isSame) return importOutcome('uuid_taken')
  if (state.isThere) return importOutcome(state.hasEnded ? 'ended_here' : 'already_there')
  if (state.wasImported) return importOutcome('ended_here')
  return state.isNameTaken ? importOutcome('name_taken') : undefined
}

/** Writes rows with their targets and returns the uuids of those that were written. */
async function write(db: Database, rows: readonly CheckedRow[]): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set()
  return db.transaction(async (tx) => {
    const subscriptions = rows.map(({ row }) => row)
    await waitAndFreeExpiredNames(tx, subscriptions)
    const ids = new Map((await copySubscriptions(tx, subscriptions)).map(({ id, uuid }) => [uuid, id]))
    const targets = rows.flatMap(({ row, targets: given }) => {
      const subscriptionId = ids.get(row.uuid)
      return subscriptionId === undefined
        ? []
        : given.map(({ deliveryMethod, deliveryAddress }, ordinal) => ({
            subscriptionId,
            ordinal,
            method: deliveryMethod,
            address: deliveryAddress,
          }))
    })
    await Promise.all([insertCopiedTargets(tx, targets), rememberImports(tx, [...ids.keys()]), tx.commit()])
    return new Set(ids.keys())
  })
}
