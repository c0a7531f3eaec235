import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Log } from '../log.ts'
import { createOutageLog } from './outage-log.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function record() {
  const lines: unknown[] = []
  const add = (level: string) => (fields: object, message: string) => void lines.push({ level, message, ...fields })
  const log = { debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') } as unknown as Log
  return {
    lines,
    outages: createOutageLog({ log, began: 'away', ongoing: 'still away', ended: 'back', fields: { loop: 'x' } }),
  }
}

test('an outage is logged once, each minute with the latest reason, and at its end, for any number of users', () => {
  const { lines, outages } = record()
  for (const who of ['a', 'b', 'a']) outages.failed(new Error('refused'), who)
  expect(lines).toEqual([{ level: 'warn', message: 'away', loop: 'x', reason: 'refused' }])
  outages.failed(new Error('no answer'), 'b')
  vi.advanceTimersByTime(125_000)
  expect(lines.slice(1)).toEqual(
    [60, 120].map((forS) => ({ level: 'warn', message: 'still away', loop: 'x', reason: 'no answer', forS })),
  )
  outages.markHealthy('a')
  expect(lines).toHaveLength(3)
  outages.markHealthy('b')
  outages.markHealthy('b')
  expect(lines.slice(3)).toEqual([{ level: 'info', message: 'back', loop: 'x', afterS: 125 }])
  vi.advanceTimersByTime(600_000)
  expect(lines).toHaveLength(4)
  outages.failed(new Error('refused'), 'a')
  expect(lines).toHaveLength(5)
})

test('nothing is logged about what works, and nothing after the end', () => {
  const { lines, outages } = record()
  outages.markHealthy()
  expect(lines).toEqual([])
  outages.failed(new Error('refused'))
  outages.end()
  vi.advanceTimersByTime(600_000)
  expect(lines).toHaveLength(1)
})
