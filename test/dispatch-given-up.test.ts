import type { Database } from '@tidings/server/db/database.ts'
import type { Transaction } from '@tidings/server/db/session.ts'
import { sql } from '@tidings/server/db/sql.ts'
import { dispatchBatch } from '@tidings/server/dispatch/batch.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from './support/service-test.ts'
import { createGate, openSteps, type Steps } from './support/steps.ts'

let steps: Steps

beforeEach(async () => {
  steps = await openSteps({ partitionCount: 1 })
})

afterEach(() => steps.stop())

/** The same database, with something done to the transactions. */
const withTransactions = (change: (tx: Transaction) => Transaction): Database => ({ ...steps.db, transaction: (work) => steps.db.transaction((tx) => work(change(tx))) })

const dispatchOver = (db: Database) => dispatchBatch({ db, broker: steps.broker }, { holding: steps.holding, partitions: steps.partitions, limitPerPartition: 500 })

const waitingForLock = () => steps.db.query(sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)

test('a dispatch that goes on in the database after its connection was given up shares no records with the next, and no number is left out', async () => {
  await steps.publish({ data: '1' })
  const [isWritten, mayCommit, hasTaken, isCommitted] = [createGate(), createGate(), createGate(), createGate()]
  const givenUp = dispatchOver(withTransactions((tx) => ({
    query: tx.query,
    async commit() {
      isWritten.open()
      await mayCommit.opened
      await tx.commit()
    },
  })))
  await isWritten.opened
  const next = dispatchOver(withTransactions((tx) => ({
    ...tx,
    async query(statement) {
      if (statement.text.includes('from series')) {
        hasTaken.open()
        await isCommitted.opened
      }
      return tx.query(statement)
    },
  })))
  await Promise.race([hasTaken.opened, eventually(waitingForLock).toHaveLength(1)])
  mayCommit.open()
  expect(await givenUp).toMatchObject({ records: 1 })
  isCommitted.open()
  expect(await next).toMatchObject({ records: 0 })
  await steps.subscribe('http://127.0.0.1:1/')
  await steps.publish({ data: '2' })
  await steps.dispatch()
  expect((await steps.claim()).map(({ number }) => number)).toEqual([2])
})
