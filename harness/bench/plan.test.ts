import { expect, test } from 'vitest'
import { planRound, repeatedNames, rotated, unknownNames } from './plan.ts'
import { SCENARIOS } from './scenarios.ts'
import { allSystems } from './systems/all-systems.ts'

const available = allSystems({ root: '/elsewhere', revision: 'v1' })
const named = (runs: ReturnType<typeof planRound>) =>
  runs.map(({ scenario, system }) => `${scenario.name} ${system.id}`)

test('a scenario is measured with its own systems, and with those of another revision', () => {
  expect(named(planRound({ scenarios: ['one-series'], systems: undefined, available }))).toEqual([
    'one-series tidings-database',
    'one-series tidings-database@v1',
    'one-series tidings-rabbitmq',
    'one-series tidings-rabbitmq@v1',
    'one-series bullmq',
    'one-series bullmq-tuned',
  ])
})

test('a scenario that is compared with another one brings that along', () => {
  expect(named(planRound({ scenarios: ['slow-endpoint'], systems: ['bullmq'], available }))).toEqual([
    'ten-endpoints bullmq',
    'slow-endpoint bullmq',
  ])
})

test('each round begins with another system', () => {
  const runs = planRound({ scenarios: ['saturation'], systems: ['bullmq', 'pg-boss', 'ceiling'], available })
  const order = (round: number) => rotated(runs, round).map(({ system }) => system.id)
  expect([order(0), order(1), order(3)]).toEqual([
    ['bullmq', 'pg-boss', 'ceiling'],
    ['pg-boss', 'ceiling', 'bullmq'],
    ['bullmq', 'pg-boss', 'ceiling'],
  ])
})

test('names that there are not are found', () => {
  expect(unknownNames(['a', 'b'], ['b'])).toEqual(['a'])
  expect(unknownNames(undefined, ['b'])).toEqual([])
})

test('names that are given twice are found', () => {
  expect(repeatedNames(['a', 'b', 'a', 'a'])).toEqual(['a', 'a'])
  expect(repeatedNames(undefined)).toEqual([])
})

test('every system that a scenario names is there, and full speed is compared with both programs of BullMQ', () => {
  const ids = allSystems(undefined).map(({ id }) => id)
  expect(SCENARIOS.flatMap(({ systems }) => unknownNames(systems, ids))).toEqual([])
  const atFullSpeed = SCENARIOS.filter(({ ratePerS }) => ratePerS === undefined)
  expect(atFullSpeed.filter(({ systems }) => !systems.includes('bullmq') || !systems.includes('bullmq-tuned'))).toEqual(
    [],
  )
})
