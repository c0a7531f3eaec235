import { expect, test } from 'vitest'
import { measurementOf } from '../bench/report/measurement-of.ts'
import { settingFigures } from './growth-figures.ts'
import { growthTableLines } from './growth-report.ts'
import { growthTables, planTurns, SHORT_SIZES } from './growth-tables.ts'
import type { Turn } from './measure-turn.ts'

const table = growthTables(SHORT_SIZES).find(({ name }) => name === 'partitions')
if (table === undefined) throw new Error('there is a table of partitions')

function turnOf(receivedPerS: number, pages: number, p99 = 4): Turn {
  const steady = measurementOf({})
  const healthy = { ...steady.latencies.healthy, p99 }
  return {
    steady: { ...steady, latencies: { ...steady.latencies, healthy } },
    saturated: measurementOf({ receivedPerS, cpuMicros: { node: 200, postgresql: 100 }, othersShare: 0.1 }),
    work: { pages, walBytes: 2500, fullPages: 0.01, tables: [] },
    violations: [],
  }
}

/** The machine becomes half as fast from round to round; one partition is always a tenth slower than 32. */
const measured = [turnOf(4000, 40), turnOf(3600, 44), turnOf(1800, 44), turnOf(2000, 40)]
const plan = planTurns(table, 2, true)

test('a setting is compared with the baseline beside it, whatever becomes of the machine', () => {
  const [baseline, grown] = settingFigures(plan, measured)
  expect(baseline).toMatchObject({ name: '32', turns: 2, perS: { value: { min: 2000, max: 4000 }, ratio: undefined } })
  expect(grown).toMatchObject({ name: '1', perS: { ratio: { median: 0.9, min: 0.9, max: 0.9 } } })
  expect(grown?.pages.ratio?.median).toBeCloseTo(1.1)
})

test('a turn that failed is left out, and so is a ratio to a baseline that failed', () => {
  const [first, second, third] = measured
  const [baseline, grown] = settingFigures(plan, [first, second, third, undefined])
  expect([baseline?.turns, grown?.turns]).toEqual([1, 2])
  expect(grown?.perS).toEqual({
    value: { median: 2700, min: 1800, max: 3600 },
    ratio: { median: 0.9, min: 0.9, max: 0.9 },
  })
})

test('the baseline shows how much the machine drifts, the others their ratios', () => {
  const lines = growthTableLines(table, settingFigures(plan, measured))
  const cells = (name: string) =>
    lines.filter((line) => new RegExp(`^\\| +${name} \\|`).test(line)).map((line) => line.split(/ *\| */).slice(1, -1))
  expect(cells('32')).toEqual([
    ['32', '3,000', '2,000-4,000', '200', '1.00', '100', '1.00', '40.0', '1.00', '2,500', '1.00', '0.01', '10 %'],
    ['32', '1.0', '1.00', '4.0', '1.00'],
  ])
  expect(cells('1').map((row) => row.slice(0, 3))).toEqual([
    ['1', '2,700', '0.90'],
    ['1', '1.0', '1.00'],
  ])
})

test('a setting that could not be measured has dashes', () => {
  const lines = growthTableLines(table, settingFigures(plan, [measured[0], undefined, undefined, undefined]))
  expect(lines.find((line) => / 1 \|/.test(line))).toMatch(/\| +1 \|( +- \|)+$/)
})
