import { expect, test } from 'vitest'
import { createPlan } from './publish-plan.ts'

const OPTIONS = { events: 2010, series: 50, kills: 6, seed: 7 }

test('a plan has all its events, and is the same for the same seed', () => {
  const plan = createPlan(OPTIONS)
  expect(plan.series.flatMap((series) => series.steps).filter((step) => step.kind === 'event')).toHaveLength(2010)
  expect(createPlan(OPTIONS)).toEqual(plan)
  expect(createPlan({ ...OPTIONS, seed: 8 })).not.toEqual(plan)
})

test('one series in ten is ended half-way, by each of the three ways in rotation, and goes on', () => {
  const ended = createPlan(OPTIONS).series.filter((series) => series.ending !== undefined)
  expect(ended.map((series) => series.ending)).toEqual(['flag', 'endpoint', 'delete_flag', 'flag', 'endpoint'])
  for (const { ending, steps } of ended) {
    const end = steps.findIndex((step) => step.kind === 'end_series' || step.ends === ending)
    expect(end).toBeGreaterThan(15)
    expect(steps.length - end).toBeGreaterThan(15)
  }
})

test('kills alternate between node alone and with PostgreSQL, first while publishing, then while delivering', () => {
  const { kills } = createPlan(OPTIONS)
  expect(kills.map((kill) => kill.victim)).toEqual([
    'node',
    'node_and_postgres',
    'node',
    'node_and_postgres',
    'node',
    'node_and_postgres',
  ])
  const shares = (of: string) => kills.filter((kill) => kill.moment.of === of).map((kill) => kill.moment.share)
  expect(shares('publishing')).toHaveLength(4)
  expect(shares('delivering')).toHaveLength(2)
  expect(shares('publishing')).toEqual(shares('publishing').toSorted((a, b) => a - b))
})
