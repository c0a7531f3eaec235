/** Between these lines a page has figures that nobody types. */
const BEGIN = '<!-- figures: begin -->'
const END = '<!-- figures: end -->'

/** Returns the page with other lines between its markers. Throws if it has no such place. */
export function withFigures(page: string, lines: readonly string[]): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (from < 0 || to < from) throw new Error(`the page needs the lines ${BEGIN} and ${END}`)
  return `${page.slice(0, from + BEGIN.length)}\n\n${lines.join('\n')}\n\n${page.slice(to)}`
}
