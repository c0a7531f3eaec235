import { markdownTable } from '../bench/report/markdown-table.ts'
import { ratioText } from '../bench/report/ratio-text.ts'
import type { Spread } from '../bench/stats/median.ts'
import { QUANTITIES, type Figure, type Quantity, type SettingFigures } from './growth-figures.ts'
import type { GrowthTable } from './growth-tables.ts'

const HEADS: Readonly<Record<Quantity, string>> = {
  perS: 'events/s',
  nodeMicros: 'node us',
  postgresMicros: 'PostgreSQL us',
  pages: 'pages',
  walBytes: 'WAL bytes',
  fullPages: 'full pages',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US')
const tenth = (value: number) => value.toFixed(1)
const TEXTS: Readonly<Record<Quantity, (value: number) => string>> = {
  perS: whole,
  nodeMicros: whole,
  postgresMicros: whole,
  pages: tenth,
  walBytes: whole,
  fullPages: (value) => value.toFixed(2),
  p50Ms: tenth,
  p99Ms: tenth,
}

/** Returns two tables of Markdown, one of each load: each quantity, and beside it its ratio to the baseline. */
export const growthTableLines = ({ title }: GrowthTable, figures: readonly SettingFigures[]): string[] => [
  'As many as it takes:',
  '',
  ...markdownTable(
    [title, ...headsOf(QUANTITIES.saturated), 'others'],
    figures.map((row) => [...rowOf(row, QUANTITIES.saturated), shareText(row.othersShare)]),
  ),
  '',
  'At a fixed rate:',
  '',
  ...markdownTable(
    [title, ...headsOf(QUANTITIES.steady)],
    figures.map((row) => rowOf(row, QUANTITIES.steady)),
  ),
]

const headsOf = (quantities: readonly Quantity[]) =>
  quantities.flatMap((quantity) => (hasRatio(quantity) ? [HEADS[quantity], 'x'] : [HEADS[quantity]]))

/** Full pages of the baseline are next to none, so that a ratio to them says nothing. */
const hasRatio = (quantity: Quantity) => quantity !== 'fullPages'

const rowOf = (row: SettingFigures, quantities: readonly Quantity[]) => [
  row.name,
  ...quantities.flatMap((quantity) => {
    const cells = cellsOf(row[quantity], TEXTS[quantity])
    return hasRatio(quantity) ? cells : cells.slice(0, 1)
  }),
]

const shareText = (share: number) => (Number.isNaN(share) ? '-' : `${whole(100 * share)} %`)

/** Of the baseline the second cell has the ends of its value instead of a ratio: how much the machine drifts. */
function cellsOf({ value, ratio }: Figure, text: (value: number) => string): string[] {
  if (!Number.isFinite(value.median)) return ['-', '-']
  return [text(value.median), ratio === undefined ? endsText(value, text) : spreadText(ratio)]
}

function endsText({ min, max }: Spread, text: (value: number) => string): string {
  const [least, greatest] = [text(min), text(max)]
  return least === greatest ? '1.00' : `${least}-${greatest}`
}

/** There is no ratio to a baseline of nothing. */
function spreadText({ median, min, max }: Spread): string {
  if (![median, min, max].every(Number.isFinite)) return '-'
  return min === max ? ratioText(median) : `${ratioText(median)} (${ratioText(min)}-${ratioText(max)})`
}
