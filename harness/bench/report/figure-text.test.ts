import { expect, test } from 'vitest'
import { figuresOf } from './figure-text.ts'
import { measurementOf } from './measurement-of.ts'

test('rounds are joined to medians with both ends, and divided by the median of BullMQ in the same scenario', () => {
  const [tidings, bullMq] = figuresOf([
    measurementOf({ system: 'tidings-database', receivedPerS: 4000 }),
    measurementOf({ system: 'bullmq', receivedPerS: 2000 }),
    measurementOf({ system: 'bullmq', receivedPerS: 3000 }),
    measurementOf({ system: 'tidings-database', receivedPerS: 6000 }),
    measurementOf({ system: 'bullmq', receivedPerS: 2500 }),
    measurementOf({ system: 'bullmq', receivedPerS: 1, scenario: 'body-16k' }),
  ])
  expect(tidings).toMatchObject({ receivedPerS: { median: 5000, min: 4000, max: 6000 }, ratio: 2 })
  expect(bullMq).toMatchObject({ receivedPerS: { median: 2500 }, ratio: 1, tunedRatio: undefined })
})

test('the ratio to the tuned program stands beside the one to BullMQ as its users run it', () => {
  const [tidings, bullMq, tuned] = figuresOf([
    measurementOf({ system: 'tidings-database', receivedPerS: 4000 }),
    measurementOf({ system: 'bullmq', receivedPerS: 2000 }),
    measurementOf({ system: 'bullmq-tuned', receivedPerS: 3200 }),
  ])
  expect(tidings).toMatchObject({ ratio: 2, tunedRatio: 1.25 })
  expect(bullMq).toMatchObject({ ratio: 1, tunedRatio: 0.625 })
  expect(tuned).toMatchObject({ ratio: 1.6, tunedRatio: 1 })
})

test('without BullMQ there is no ratio', () => {
  expect(figuresOf([measurementOf({ system: 'ceiling' })])[0]).toMatchObject({
    ratio: undefined,
    tunedRatio: undefined,
  })
})

test('CPU times are medians of each kind, and their sum has a range', () => {
  const [figures] = figuresOf([
    measurementOf({ cpuMicros: { node: 100, redis: 10 } }),
    measurementOf({ cpuMicros: { node: 200, redis: 30 } }),
    measurementOf({ cpuMicros: { node: 150, redis: 20 } }),
  ])
  expect(figures).toMatchObject({
    cpuMicros: { node: 150, redis: 20 },
    cpuInAllMicros: { median: 170, min: 110, max: 230 },
  })
})

test('violations of all rounds are kept', () => {
  const [figures] = figuresOf([measurementOf({ violations: ['lost'] }), measurementOf({ violations: ['repeated'] })])
  expect(figures?.violations).toEqual(['lost', 'repeated'])
})
