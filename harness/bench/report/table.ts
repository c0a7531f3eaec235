import type { Machine } from '../machine.ts'
import type { Scenario } from '../scenarios.ts'
import { PROCESS_KINDS, type PerKind } from '../stats/cpu-meter.ts'
import type { Spread } from '../stats/median.ts'
import type { System } from '../systems/system.ts'
import { systemName, type Figures } from './figure-text.ts'
import { headlineLines, voidLines, type Titles } from './headline.ts'
import { markdownTable } from './markdown-table.ts'
import { ratioText } from './ratio-text.ts'
import { revisionLines } from './revision-ratios.ts'
import { stallLines } from './stall-lines.ts'

export interface Report {
  readonly machine: Machine
  readonly scenarios: readonly Scenario[]
  readonly systems: readonly System[]
  readonly figures: readonly Figures[]
  /** What could not be measured. */
  readonly failures: readonly string[]
  readonly rounds: number
  readonly seconds: number
}

/** Returns the whole report as lines of Markdown. */
export function reportLines(report: Report): string[] {
  const { machine, scenarios, figures, rounds, seconds } = report
  return [
    ...markdownTable(
      ['Machine', ''],
      Object.entries(machine).map(([name, value]) => [name, value]),
    ),
    '',
    `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s each. Medians over the rounds, ` +
      'with the least and the greatest value in brackets.',
    ...voidLines(figures),
    ...violationLines(report),
    ...headlineLines(figures, titlesOf(report)),
    '',
    ...systemTable(report),
    ...scenarios.flatMap((scenario) => {
      const own = figures.filter((one) => one.scenario === scenario.name)
      return own.length === 0
        ? []
        : ['', `**${scenario.title}** (\`${scenario.name}\`)`, '', ...linesOf(scenario, own, report)]
    }),
  ]
}

function linesOf(scenario: Scenario, own: readonly Figures[], report: Report): string[] {
  const base = report.figures.filter(({ scenario: name }) => name === scenario.comparedWith)
  const titles = titlesOf(report)
  const table = scenario.ratePerS === undefined ? throughputTable(own, titles) : latencyTable({ own, base, titles })
  return [
    ...table,
    '',
    'CPU in microseconds per event, memory in MiB:',
    '',
    ...costTable(own, titles),
    ...(scenario.ratePerS === undefined ? [] : stallLines(own, titles)),
    ...revisionLines(own),
  ]
}

const titlesOf =
  ({ systems }: Report): Titles =>
  (id) =>
    systems.find((system) => system.id === id)?.title ?? id

function systemTable(report: Report): string[] {
  const { figures, systems } = report
  const measured = systems.filter(({ id }) => figures.some(({ system }) => system === id))
  return markdownTable(
    ['System', 'keeps', 'durability'],
    measured.map(({ id, title, promises }) => [
      title,
      promises,
      figures.find(({ system }) => system === id)?.durability ?? '',
    ]),
  )
}

function throughputTable(own: readonly Figures[], titles: Titles): string[] {
  return markdownTable(
    ['System', 'events/s', 'x BullMQ', 'x BullMQ tuned', 'accepted/s', 'rejected'],
    own.map(({ system, receivedPerS, ratio, tunedRatio, acceptedPerS, rejected }) => [
      titles(system),
      spreadText(receivedPerS, whole),
      ratioText(ratio),
      ratioText(tunedRatio),
      whole(acceptedPerS.median),
      String(rejected),
    ]),
  )
}

function latencyTable({ own, base, titles }: { own: readonly Figures[]; base: readonly Figures[]; titles: Titles }) {
  const compared = base.length > 0
  return markdownTable(
    ['System', 'p50 ms', 'p95', 'p99', 'p99.9', 'max', 'sent late, p99', ...(compared ? ['p99, times without'] : [])],
    own.map(({ system, latencies: { p50, p95, p99, p999, max }, lagP99Ms }) => {
      const without = base.find((one) => one.system === system)
      return [
        titles(system),
        ...[p50, p95, p99, p999, max].map((one) => spreadText(one, tenth)),
        tenth(lagP99Ms),
        ...(compared ? [ratioText(without && p99.median / without.latencies.p99.median)] : []),
      ]
    }),
  )
}

function costTable(own: readonly Figures[], titles: Titles): string[] {
  const kinds = PROCESS_KINDS.filter((kind) => own.some(({ cpuMicros }) => cpuMicros[kind] !== undefined))
  return markdownTable(
    ['System', ...kinds.map(systemName), 'in all', 'others', 'memory'],
    own.map(({ system, cpuMicros, cpuInAllMicros, memoryMiB, othersShare }) => [
      titles(system),
      ...kinds.map((kind) => (cpuMicros[kind] === undefined ? '-' : whole(cpuMicros[kind]))),
      spreadText(cpuInAllMicros, whole),
      Number.isNaN(othersShare) ? '-' : `${whole(100 * othersShare)} %`,
      memoryText(memoryMiB),
    ]),
  )
}

const memoryText = (memoryMiB: PerKind) =>
  PROCESS_KINDS.filter((kind) => kind !== 'publisher' && kind !== 'receiver')
    .flatMap((kind) => (memoryMiB[kind] === undefined ? [] : [`${systemName(kind)} ${whole(memoryMiB[kind])}`]))
    .join(', ')

const violationLines = ({ figures, failures }: Report) => {
  const violations = figures.flatMap(({ scenario, system, violations: own }) =>
    own.map((violation) => `${scenario}, ${system}: ${violation}`),
  )
  const lines = [...failures, ...violations].map((text) => `- **Failed**: ${text}`)
  return lines.length === 0 ? [] : ['', ...lines]
}

const spreadText = ({ median, min, max }: Spread, text: (value: number) => string) =>
  min === max ? text(median) : `${text(median)} (${text(min)}-${text(max)})`

const whole = (value: number) => Math.round(value).toLocaleString('en-US')
const tenth = (value: number) => value.toFixed(1)
