import { expect, test } from 'vitest'
import { failureWords, unreachableWords } from './failure-words.ts'

const failure = (code: string, fields: object = {}) => Object.assign(new Error(`connect ${code}`), { code, ...fields })

test.each([
  [failure('ECONNREFUSED', { address: '127.0.0.1', port: 5999 }), 'nothing listens at 127.0.0.1:5999 (ECONNREFUSED)'],
  [failure('ECONNREFUSED', { address: '::1', port: 5999 }), 'nothing listens at [::1]:5999 (ECONNREFUSED)'],
  [failure('ENOTFOUND', { hostname: 'db.example' }), 'there is no host db.example (ENOTFOUND)'],
  [failure('EAI_AGAIN', { hostname: 'db.example' }), 'no name server answers for db.example (EAI_AGAIN)'],
  [failure('ECONNRESET'), 'the other side cut the connection (ECONNRESET)'],
  [new Error('no connection to the database', { cause: failure('ETIMEDOUT', { address: '10.0.0.1', port: 5432 }) }), 'no answer from 10.0.0.1:5432 (ETIMEDOUT)'],
  [new AggregateError([failure('ECONNREFUSED', { address: '127.0.0.1', port: 1 }), failure('ECONNREFUSED', { address: '::1', port: 1 })]), 'nothing listens at 127.0.0.1:1 (ECONNREFUSED)'],
])('what cannot be reached is told in words: %s', (error, words) => {
  expect([unreachableWords(error), failureWords(error)]).toEqual([words, words])
})

test('any other failure has its own message, on one line, and the stack belongs to it', () => {
  expect(unreachableWords(new TypeError('x is no function'))).toBeUndefined()
  expect(failureWords(new Error('outer', { cause: new Error('the database system\n  is starting up') }))).toBe('outer: the database system is starting up')
  expect(failureWords(new Error('outer: inner', { cause: new Error('inner') }))).toBe('outer: inner')
  expect(failureWords('text')).toBe('text')
})
