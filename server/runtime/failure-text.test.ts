import { expect, test } from 'vitest'
import { failureText, unreachableText } from './failure-text.ts'

const failure = (code: string, fields: object = {}) => Object.assign(new Error(`connect ${code}`), { code, ...fields })

test.each([
  [failure('ECONNREFUSED', { address: '127.0.0.1', port: 5999 }), 'nothing listens at 127.0.0.1:5999 (ECONNREFUSED)'],
  [failure('ECONNREFUSED', { address: '::1', port: 5999 }), 'nothing listens at [::1]:5999 (ECONNREFUSED)'],
  [failure('ENOTFOUND', { hostname: 'db.example' }), 'there is no host db.example (ENOTFOUND)'],
  [failure('EAI_AGAIN', { hostname: 'db.example' }), 'no name server responds for db.example (EAI_AGAIN)'],
  [failure('ECONNRESET'), 'the other side closed the connection (ECONNRESET)'],
  [
    new Error('no connection to the database', { cause: failure('ETIMEDOUT', { address: '10.0.0.1', port: 5432 }) }),
    'no response from 10.0.0.1:5432 (ETIMEDOUT)',
  ],
  [
    new AggregateError([
      failure('ECONNREFUSED', { address: '127.0.0.1', port: 1 }),
      failure('ECONNREFUSED', { address: '::1', port: 1 }),
    ]),
    'nothing listens at 127.0.0.1:1 (ECONNREFUSED)',
  ],
])('an unreachable address is explained in words: %s', (error, words) => {
  expect([unreachableText(error), failureText(error)]).toEqual([words, words])
})

test('any other failure keeps its own message, on one line, and its stack', () => {
  expect(unreachableText(new TypeError('x is no function'))).toBeUndefined()
  expect(failureText(new Error('outer', { cause: new Error('the database system\n  is starting up') }))).toBe(
    'outer: the database system is starting up',
  )
  expect(failureText(new Error('outer: inner', { cause: new Error('inner') }))).toBe('outer: inner')
  expect(failureText('text')).toBe('text')
})
