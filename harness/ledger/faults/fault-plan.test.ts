import { expect, test } from 'vitest'
import { planFaults } from './fault-plan.ts'

const OPTIONS = { publishingMs: 600_000, count: 24, apis: 2, dispatchers: 3, broker: 'rabbitmq', seed: 7 } as const

test('every kind of fault comes as often as the others, and each hits an existing process', () => {
  const planned = planFaults(OPTIONS)
  const counts = new Map<string, number>()
  for (const { how, victim } of planned) counts.set(`${how} ${victim}`, (counts.get(`${how} ${victim}`) ?? 0) + 1)
  expect(Object.fromEntries(counts)).toEqual({
    'kill api': 4,
    'stop api': 4,
    'kill dispatcher': 4,
    'stop dispatcher': 4,
    'kill postgresql': 4,
    'kill rabbitmq': 4,
  })
  const timesEach = (role: string, count: number) =>
    Array.from(
      { length: count },
      (_, index) => planned.filter((one) => one.victim === role && one.index === index).length,
    )
  expect(timesEach('dispatcher', OPTIONS.dispatchers).sort()).toEqual([2, 3, 3])
  expect(timesEach('api', OPTIONS.apis)).toEqual([4, 4])
})

test('with the database as broker RabbitMQ is left alone, and no stop lasts longer than 12 s', () => {
  const planned = planFaults({ ...OPTIONS, broker: 'database', count: 200 })
  expect(planned.map(({ victim }) => victim)).not.toContain('rabbitmq')
  const stops = planned.filter(({ how }) => how === 'stop').map(({ lastsMs }) => lastsMs)
  expect(Math.min(...stops)).toBeGreaterThanOrEqual(1000)
  expect(Math.max(...stops)).toBeLessThan(12_000)
})

test('with RabbitMQ some stops outlast its heartbeats', () => {
  const stops = planFaults({ ...OPTIONS, count: 200 })
    .filter(({ how }) => how === 'stop')
    .map(({ lastsMs }) => lastsMs)
  expect(Math.max(...stops)).toBeGreaterThan(20_000)
  expect(Math.max(...stops)).toBeLessThan(25_000)
  expect(stops.filter((ms) => ms > 12_000).length).toBeLessThan(stops.length / 2)
})

test('they are spread over the publishing phase, in order of time, and a few overlap', () => {
  const times = planFaults({ ...OPTIONS, count: 100 }).map(({ atMs }) => atMs)
  expect(times[0]).toBeGreaterThan(20_000)
  expect(times.at(-1)).toBeLessThan(520_000)
  const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0))
  expect(Math.min(...gaps)).toBeGreaterThan(0)
  expect(gaps.filter((ms) => ms < 2500).length).toBeGreaterThan(10)
  expect(gaps.filter((ms) => ms < 2500).length).toBeLessThan(40)
})

test('a plan is the same for the same seed, and different for another', () => {
  expect(planFaults(OPTIONS)).toEqual(planFaults(OPTIONS))
  expect(planFaults({ ...OPTIONS, seed: 8 })).not.toEqual(planFaults(OPTIONS))
})
