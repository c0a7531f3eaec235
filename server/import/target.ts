import { shown } from '../api/shown-text.ts'
import { isContentError } from '../db/content-error.ts'
import type { Database, Db } from '../db/database.ts'
import { sql } from '../db/sql.ts'
import type { CheckedRow } from './convert.ts'
import { outcome, type Outcome } from './outcome.ts'
import { freeExpiredNames, insertSubscriptions, insertTargets, readFindings, rememberImports, type Finding } from './target-store.ts'

/** Others may take names and uuids in the same moment; each time somebody else has got on. */
const TRIES = 5

export type Outcomes = ReadonlyMap<CheckedRow, Outcome>

/** Where the subscriptions go. */
export interface Target {
  /** Answers what became of each. */
  take(rows: readonly CheckedRow[]): Promise<Outcomes>
}

/** Each batch is one transaction: a subscription comes with all its targets or not at all. */
export function createTarget(db: Database): Target {
  async function takeTogether(rows: readonly CheckedRow[]): Promise<Outcomes> {
    const outcomes = new Map<CheckedRow, Outcome>()
    for (let tried = 0; tried < TRIES; tried += 1) {
      const free = await judge(db, rows.filter((row) => !outcomes.has(row)), outcomes)
      const written = await write(db, free)
      for (const row of free) if (written.has(row.row.uuid)) outcomes.set(row, outcome('copied'))
      if (outcomes.size === rows.length) return outcomes
    }
    throw new Error('Others keep taking the same names; run the import again')
  }

  /** One that the database refuses by its content must not keep the others out. */
  async function take(rows: readonly CheckedRow[]): Promise<Outcomes> {
    try {
      return await takeTogether(rows)
    } catch (error) {
      if (!isContentError(error) || !(error instanceof Error)) throw error
      const [first, ...others] = rows
      if (first && others.length === 0) return new Map([[first, outcome('invalid', shown(`the database refuses it: ${error.message}`))]])
      const outcomes = new Map<CheckedRow, Outcome>()
      for (const row of rows) for (const [taken, became] of await take([row])) outcomes.set(taken, became)
      return outcomes
    }
  }

  return { take }
}

/** Tells what would happen. Each look is a transaction in which the server refuses to write. */
export function createDryTarget(db: Database): Target {
  return {
    take: (rows) => db.transaction(async (tx) => {
      await tx.query(sql`set transaction read only`)
      const outcomes = new Map<CheckedRow, Outcome>()
      for (const row of await judge(tx, rows, outcomes)) outcomes.set(row, outcome('copied'))
      return outcomes
    }),
  }
}

/** For a dry run into a database that is not there yet. */
export const emptyTarget: Target = { take: (rows) => Promise.resolve(new Map(rows.map((row) => [row, outcome('copied')]))) }

/** Notes what cannot be written and answers the rest. */
async function judge(db: Db, rows: readonly CheckedRow[], outcomes: Map<CheckedRow, Outcome>): Promise<CheckedRow[]> {
  if (rows.length === 0) return []
  const findings = new Map((await readFindings(db, rows)).map((finding) => [finding.ordinal, finding]))
  return rows.filter((row, index) => {
    const obstacle = obstacleOf(findings.get(index + 1))
    if (obstacle) outcomes.set(row, obstacle)
    return !obstacle
  })
}

/** Undefined: nothing is in the way. */
function obstacleOf(finding: Finding | undefined): Outcome | undefined {
  if (!finding) throw new Error('A subscription was not looked up')
  if (finding.isThere && !finding.isSame) return outcome('uuid_taken')
  if (finding.isThere) return outcome(finding.hasEnded ? 'ended_here' : 'already_there')
  if (finding.wasImported) return outcome('ended_here')
  return finding.isNameTaken ? outcome('name_taken') : undefined
}

/** Answers the uuids of those that were written. */
async function write(db: Database, rows: readonly CheckedRow[]): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set()
  return db.transaction(async (tx) => {
    await freeExpiredNames(tx, rows)
    const ids = new Map((await insertSubscriptions(tx, rows)).map(({ id, uuid }) => [uuid, id]))
    const targets = rows.flatMap(({ row, targets: given }) => {
      const subscriptionId = ids.get(row.uuid)
      return subscriptionId === undefined ? [] : given.map(({ deliveryMethod, deliveryAddress }, ordinal) => ({ subscriptionId, ordinal, method: deliveryMethod, address: deliveryAddress }))
    })
    await Promise.all([insertTargets(tx, targets), rememberImports(tx, [...ids.keys()]), tx.commit()])
    return new Set(ids.keys())
  })
}
