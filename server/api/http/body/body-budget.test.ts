import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { createBodyBudget } from './body-budget.ts'

const request = (headers: Record<string, string>, socket = new EventEmitter()) =>
  ({ headers, socket }) as unknown as IncomingMessage
const response = () => new EventEmitter() as unknown as ServerResponse

test('bodies beyond the budget are rejected until earlier responses are closed', () => {
  const budget = createBodyBudget({ budgetBytes: 1000, maxBodyBytes: 1000 })
  const first = response()
  budget.reserve(request({ 'content-length': '600' }), first)
  expect(() => budget.reserve(request({ 'content-length': '600' }), response())).toThrow(/NTFAPI_BUSY/)
  first.emit('close')
  budget.reserve(request({ 'content-length': '600' }), response())
})

test('a chunked body counts as the maximum, a missing body as nothing', () => {
  const budget = createBodyBudget({ budgetBytes: 1_048_576, maxBodyBytes: 1_048_576 })
  budget.reserve(request({ 'transfer-encoding': 'chunked' }), response())
  expect(() => budget.reserve(request({ 'content-length': '1' }), response())).toThrow(/NTFAPI_BUSY/)
  budget.reserve(request({}), response())
})

test('a connection that is gone releases its bodies once, also those whose responses Node never closes', () => {
  const budget = createBodyBudget({ budgetBytes: 1000, maxBodyBytes: 1000 })
  const socket = new EventEmitter()
  const [first, second] = [response(), response()]
  budget.reserve(request({ 'content-length': '500' }, socket), first)
  budget.reserve(request({ 'content-length': '500' }, socket), second)
  socket.emit('close')
  first.emit('close')
  budget.reserve(request({ 'content-length': '1000' }), response())
  expect(() => budget.reserve(request({ 'content-length': '1' }), response())).toThrow(/NTFAPI_BUSY/)
})
