/**
 * Returns the lines of a Markdown table whose columns are aligned, so that it can be read in a terminal too. Columns
 * with words begin at the left, columns of numbers end at the right.
 */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const columns = header.map((title, column) => {
    const cells = rows.map((row) => row[column] ?? '')
    return { width: Math.max(3, title.length, ...cells.map(({ length }) => length)), isText: cells.some(hasWord) }
  })
  const line = (cells: readonly string[]) =>
    `| ${columns.map(({ width, isText }, column) => padded(cells[column] ?? '', width, isText)).join(' | ')} |`
  const rule = columns.map(({ width, isText }) => `${'-'.repeat(width + 1)}${isText ? '-' : ':'}`)
  return [line(header), `|${rule.join('|')}|`, ...rows.map(line)]
}

/** Two letters: more than a number with its range. */
const hasWord = (cell: string) => /[a-z]{2}/i.test(cell)

const padded = (cell: string, width: number, isText: boolean) => (isText ? cell.padEnd(width) : cell.padStart(width))
