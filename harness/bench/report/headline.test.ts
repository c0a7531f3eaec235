import { expect, test } from 'vitest'
import { figuresOf } from './figure-text.ts'
import { headlineLines, isVoiding, voidLines } from './headline.ts'
import { measurementOf } from './measurement-of.ts'

const rateOf = (system: string, receivedPerS: number) => measurementOf({ system, receivedPerS })
const headlinesOf = (...measurements: readonly ReturnType<typeof measurementOf>[]) =>
  headlineLines(figuresOf(measurements), (id) => id)
const voidTextOf = (...measurements: readonly ReturnType<typeof measurementOf>[]) =>
  voidLines(figuresOf(measurements)).join('')

test('the headline is the ratio to BullMQ as its users run it, with the tuned one beside it', () => {
  const bullMq = [rateOf('bullmq', 3000), rateOf('bullmq-tuned', 3750)]
  expect(headlinesOf(rateOf('tidings-database', 4500), ...bullMq)).toEqual([
    '',
    '- tidings-database: **1.50 times** the events/s of BullMQ as its users run it, 1.20 times those of BullMQ tuned',
  ])
  expect(headlinesOf(...bullMq)).toEqual([])
})

test('a headline without the tuned program says so, and without BullMQ there is none', () => {
  expect(headlinesOf(rateOf('tidings-database', 4500), rateOf('bullmq', 3000)).at(-1)).toMatch(
    /1\.50 times.* and BullMQ tuned was not measured$/,
  )
  expect(headlinesOf(rateOf('tidings-database', 4500), rateOf('bullmq-tuned', 3000))).toEqual([])
})

test('a BullMQ below 2,600 events/s in any round voids the run, however fast the tuned program is', () => {
  const tuned = rateOf('bullmq-tuned', 4000)
  expect(voidTextOf(rateOf('bullmq', 2600), tuned)).toBe('')
  const text = voidTextOf(rateOf('bullmq', 4000), rateOf('bullmq', 2599), tuned)
  expect(text).toContain('**Void')
  expect(text).toContain('reached 2,599 events/s, less than 2,600. BullMQ tuned reached 4,000.')
})

test('neither another system nor another scenario voids a run', () => {
  expect(isVoiding(rateOf('bullmq', 2599))).toBe(true)
  const others = [
    rateOf('bullmq-tuned', 1),
    rateOf('bullmq-fsync', 1),
    measurementOf({ scenario: 'rate-200', receivedPerS: 200 }),
  ]
  expect(others.map(isVoiding)).toEqual([false, false, false])
  expect(voidTextOf(...others)).toBe('')
})
