import type { Spread } from '../stats/median.ts'

/** A bar with its range, or a line from a low to a high percentile. */
export interface PlotRow {
  readonly label: string
  readonly marks: readonly { readonly name: string; readonly value: number }[]
  readonly bar: Spread | undefined
  readonly isOurs: boolean
}

export interface Panel {
  readonly title: string
  readonly unit: string
  readonly rows: readonly PlotRow[]
  readonly isLogarithmic: boolean
}

const WIDTH = 1040
const LABEL_WIDTH = 330
const PLOT_WIDTH = 530
const ROW_HEIGHT = 22
const HEAD_HEIGHT = 40
const GAP = 16
const OURS = '#1f6feb'
const THEIRS = '#8b949e'
const INK = '#24292f'

/** Returns an SVG image with the panels below each other. */
export function plotSvg(panels: readonly Panel[]): string {
  const heights = panels.map(({ rows }) => HEAD_HEIGHT + rows.length * ROW_HEIGHT + GAP)
  const height = heights.reduce((sum, one) => sum + one, 0)
  const parts = panels.map((panel, index) => {
    const top = heights.slice(0, index).reduce((sum, one) => sum + one, 0)
    return `<g transform="translate(0 ${top})">\n${panelParts(panel).join('\n')}\n</g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function panelParts({ title, unit, rows, isLogarithmic }: Panel): string[] {
  const values = rows.flatMap(({ marks, bar }) => [...marks.map(({ value }) => value), ...(bar ? [bar.max] : [])])
  const scale = createScale(values, isLogarithmic)
  return [
    text(`${title} (${unit})`, { x: 10, y: 24, extra: ' font-weight="bold"' }),
    ...rows.flatMap((row, index) => rowParts(row, HEAD_HEIGHT + index * ROW_HEIGHT, scale)),
  ]
}

/** Returns the place of a value, in pixels from the left. */
type Scale = (value: number) => number

/** From 0, or logarithmic from a power of ten below the least value, to the greatest. */
export function createScale(values: readonly number[], isLogarithmic: boolean): Scale {
  const positive = values.filter((value) => value > 0)
  const most = Math.max(...positive, Number.MIN_VALUE)
  if (!isLogarithmic) return (value) => LABEL_WIDTH + (Math.max(0, value) / most) * PLOT_WIDTH
  const low = 10 ** Math.floor(Math.log10(Math.min(...positive, most)))
  const decades = Math.log10(most / low) || 1
  return (value) => LABEL_WIDTH + (Math.max(0, Math.log10(Math.max(value, low) / low)) / decades) * PLOT_WIDTH
}

function rowParts({ label, marks, bar, isOurs }: PlotRow, top: number, scale: Scale): string[] {
  const colour = isOurs ? OURS : THEIRS
  const middle = top + ROW_HEIGHT / 2
  const parts = [text(label, { x: LABEL_WIDTH - 8, y: middle + 4, extra: ' text-anchor="end"' })]
  if (bar) {
    parts.push(
      `<rect x="${LABEL_WIDTH}" y="${top + 4}" width="${place(scale(bar.median) - LABEL_WIDTH)}" height="14" ` +
        `fill="${colour}"/>`,
      line([scale(bar.min), scale(bar.max)], middle, INK),
      text(Math.round(bar.median).toLocaleString('en-US'), { x: scale(bar.max) + 6, y: middle + 4 }),
    )
  }
  const [first, last] = [marks[0], marks.at(-1)]
  if (first && last) parts.push(line([scale(first.value), scale(last.value)], middle, colour))
  for (const { name, value } of marks)
    parts.push(
      `<circle cx="${place(scale(value))}" cy="${middle}" r="4" fill="${colour}">` +
        `<title>${escaped(name)} ${value.toFixed(1)}</title></circle>`,
    )
  if (last)
    parts.push(
      text(marks.map(({ value }) => value.toFixed(1)).join(' / '), { x: scale(last.value) + 8, y: middle + 4 }),
    )
  return parts
}

const line = ([from, to]: readonly [number, number], y: number, colour: string) =>
  `<line x1="${place(from)}" y1="${y}" x2="${place(to)}" y2="${y}" stroke="${colour}" stroke-width="2"/>`

const text = (content: string, { x, y, extra = '' }: { x: number; y: number; extra?: string }) =>
  `<text x="${place(x)}" y="${y}" fill="${INK}"${extra}>${escaped(content)}</text>`

const place = (pixels: number) => pixels.toFixed(1)

const escaped = (content: string) =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
