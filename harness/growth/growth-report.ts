import { markdownTable } from '../bench/report/markdown-table.ts'
import { ratioText } from '../bench/report/ratio-text.ts'
import type { Spread } from '../bench/stats/median.ts'
import { QUANTITIES, type Figure, type Quantity, type SettingFigures } from './growth-figures.ts'
import type { GrowthTable } from './growth-tables.ts'

const HEADS: Readonly<Record<Quantity, string>> = {
  perS: 'events/s',
  nodeMicros: 'node us',
  postgresMicros: 'PostgreSQL us',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US')
const tenth = (value: number) => value.toFixed(1)
const TEXTS: Readonly<Record<Quantity, (value: number) => string>> = {
  perS: whole,
  nodeMicros: whole,
  postgresMicros: whole,
  p50Ms: tenth,
  p99Ms: tenth,
}

/** Returns a table of Markdown: each quantity, and beside it its ratio to the baseline. */
export function growthTableLines({ title }: GrowthTable, figures: readonly SettingFigures[]): string[] {
  return markdownTable(
    [title, ...QUANTITIES.flatMap((quantity) => [HEADS[quantity], 'x']), 'others'],
    figures.map((row) => [
      row.name,
      ...QUANTITIES.flatMap((quantity) => cellsOf(row[quantity], TEXTS[quantity])),
      Number.isNaN(row.othersShare) ? '-' : `${whole(100 * row.othersShare)} %`,
    ]),
  )
}

/** Of the baseline the second cell has the ends of its value instead of a ratio: how much the machine drifts. */
function cellsOf({ value, ratio }: Figure, text: (value: number) => string): string[] {
  if (!Number.isFinite(value.median)) return ['-', '-']
  return [text(value.median), ratio === undefined ? endsText(value, text) : spreadText(ratio)]
}

const endsText = ({ min, max }: Spread, text: (value: number) => string) =>
  min === max ? '1.00' : `${text(min)}-${text(max)}`

const spreadText = ({ median, min, max }: Spread) =>
  min === max ? ratioText(median) : `${ratioText(median)} (${ratioText(min)}-${ratioText(max)})`
