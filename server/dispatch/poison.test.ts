import pg from 'pg'
import { expect, test } from 'vitest'
import { diagnose } from './poison.ts'

function databaseError(code: string | undefined): pg.DatabaseError {
  const error = new pg.DatabaseError('refused', 7, 'error')
  error.code = code
  return error
}

test.each(['22001', '22P05', '23505', '54000'])('the content of a record may be at fault after SQLSTATE %s', (code) => {
  expect(diagnose(databaseError(code))).toBe('content')
})

test('a statement that ran into its time limit asks for a smaller batch', () => {
  expect(diagnose(databaseError('57014'))).toBe('too_large')
})

// Parking on any of these would turn an outage into loss.
test.each(['08006', '40001', '40P01', '53100', '53300', '55P03', '57P01', '58030', 'XX000', 'TD001', '', undefined])(
  'SQLSTATE %s passes, so the batch is tried again',
  (code) => {
    expect(diagnose(databaseError(code))).toBe('passing')
  },
)

test.each([
  new Error('Connection terminated unexpectedly'),
  Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
  Object.assign(new Error('ours'), { code: '22001' }),
  'a text',
])('what is no answer of the database passes: %s', (error) => {
  expect(diagnose(error)).toBe('passing')
})
