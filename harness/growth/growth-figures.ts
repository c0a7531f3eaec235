import { spreadOf, median, type Spread } from '../bench/stats/median.ts'
import type { PlannedTurn } from './growth-tables.ts'
import type { Turn } from './measure-turn.ts'

/** What is measured of a setting, under each of the loads. */
export const QUANTITIES = {
  saturated: ['perS', 'nodeMicros', 'postgresMicros', 'pages', 'walBytes', 'fullPages'],
  steady: ['p50Ms', 'p99Ms'],
} as const
export type Quantity = (typeof QUANTITIES)[keyof typeof QUANTITIES][number]
const ALL_QUANTITIES: readonly Quantity[] = [...QUANTITIES.saturated, ...QUANTITIES.steady]

/** One quantity over all rounds. */
export interface Figure {
  readonly value: Spread
  /** Each turn divided by the baseline that was measured beside it; undefined: it is the baseline. */
  readonly ratio: Spread | undefined
}

/** A row of a table. */
export interface SettingFigures extends Readonly<Record<Quantity, Figure>> {
  readonly name: string
  /** How often it was measured. */
  readonly turns: number
  /** Median of what anything else took of the machine's CPU time at full speed, from 0 to 1; NaN if not known. */
  readonly othersShare: number
}

const VALUES: Readonly<Record<Quantity, (turn: Turn) => number>> = {
  perS: ({ saturated }) => saturated.receivedPerS,
  nodeMicros: ({ saturated }) => saturated.cpuMicros.node ?? NaN,
  postgresMicros: ({ saturated }) => saturated.cpuMicros.postgresql ?? NaN,
  pages: ({ work }) => work.pages,
  walBytes: ({ work }) => work.walBytes,
  fullPages: ({ work }) => work.fullPages,
  p50Ms: ({ steady }) => steady.latencies.healthy.p50,
  p99Ms: ({ steady }) => steady.latencies.healthy.p99,
}

/** `measured`: by their place in the plan; undefined: that turn failed, or was not made. */
export function settingFigures(
  plan: readonly PlannedTurn[],
  measured: readonly (Turn | undefined)[],
): readonly SettingFigures[] {
  const names = [...new Set(plan.map(({ setting }) => setting.name))]
  const baseline = plan.find(({ comparedWith }) => comparedWith === undefined)?.setting.name
  const baselineFirst = names.toSorted((one, other) => Number(other === baseline) - Number(one === baseline))
  return baselineFirst.map((name) => {
    const own = plan.flatMap(({ setting, comparedWith }, at) => {
      const turn = setting.name === name ? measured[at] : undefined
      return turn === undefined ? [] : [{ turn, base: comparedWith === undefined ? undefined : measured[comparedWith] }]
    })
    return {
      name,
      turns: own.length,
      othersShare: median(own.flatMap(({ turn }) => turn.saturated.othersShare ?? [])),
      ...figuresOf(own),
    }
  })
}

interface ComparedTurn {
  readonly turn: Turn
  readonly base: Turn | undefined
}

function figuresOf(turns: readonly ComparedTurn[]): Record<Quantity, Figure> {
  const figureOf = (quantity: Quantity): Figure => {
    const valueOf = VALUES[quantity]
    const ratios = turns.flatMap(({ turn, base }) => (base === undefined ? [] : [valueOf(turn) / valueOf(base)]))
    return {
      value: spreadOf(turns.map(({ turn }) => valueOf(turn))),
      ratio: ratios.length === 0 ? undefined : spreadOf(ratios),
    }
  }
  return Object.fromEntries(ALL_QUANTITIES.map((quantity) => [quantity, figureOf(quantity)])) as Record<
    Quantity,
    Figure
  >
}
