import pg from 'pg'
import { expect, test } from 'vitest'
import { afterFailure, afterSuccess, TOGETHER, type Alone, type PumpState } from './pump-state.ts'

function serverError(code: string): pg.DatabaseError {
  const error = new pg.DatabaseError('scripted', 0, 'error')
  error.code = code
  return error
}

const failing = (state: PumpState, code: string, records: number, nowMs = 0) =>
  afterFailure(state, { error: serverError(code), records, wasAlone: state !== TOGETHER, nowMs })

const alone = (records: number, failures = 0): Alone => ({ kind: 'alone', dueMs: 0, records, failures })

test('after a failure with others a partition is tried alone at once, and is not to blame yet', () => {
  expect(failing(TOGETHER, '23514', 40, 7)).toEqual({ kind: 'alone', dueMs: 7, records: 40, failures: 0 })
})

test.each(['22021', '23514', '54000'])('content (%s) is halved down to the record that is to blame', (code) => {
  const tried: number[] = []
  let state: Alone | 'quarantine' = alone(40)
  while (state !== 'quarantine') {
    tried.push(state.records)
    state = failing(state, code, state.records)
  }
  expect(tried).toEqual([40, 20, 10, 5, 2, 1])
})

test('a statement that takes too long is halved; one record is tried again', () => {
  expect(failing(alone(3), '57014', 3)).toMatchObject({ records: 1, dueMs: 0, failures: 0 })
  expect(failing(alone(1), '57014', 1)).toMatchObject({ records: 1, dueMs: 250, failures: 1 })
})

test('what will pass is tried again with the same records, after pauses that grow up to 5 s', () => {
  const pauses: number[] = []
  let state: Alone = alone(8)
  for (let count = 0; count < 8; count += 1) {
    const next = failing(state, '55P03', 8)
    if (next === 'quarantine') throw new Error('nothing is wrong with the content')
    pauses.push(next.dueMs)
    state = next
  }
  expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000])
  expect(state).toMatchObject({ records: 8, failures: 8, error: { code: '55P03' } })
})

test('a partition that is not ours is no failure', () => {
  expect(failing(alone(8, 3), 'TD001', 8)).toEqual({ kind: 'alone', dueMs: 1000, records: 8, failures: 0 })
})

test('a partition is pumped with the others again when it succeeds with as many records as they may have', () => {
  const sizes: number[] = []
  let state: PumpState = alone(100, 2)
  while (state.kind === 'alone') {
    sizes.push(state.records)
    state = afterSuccess(state)
  }
  expect(sizes).toEqual([100, 200, 400, 500])
  expect(afterSuccess(TOGETHER)).toBe(TOGETHER)
})
