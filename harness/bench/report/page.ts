/**
 * Returns the page with other lines between two markers, where it has figures that nobody types. A page may have
 * several such places, each with a name. Throws if it has none of this name.
 */
export function withFigures(page: string, lines: readonly string[], place = 'figures'): string {
  const [begin, end] = [`<!-- ${place}: begin -->`, `<!-- ${place}: end -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the page needs the lines ${begin} and ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${lines.join('\n')}\n\n${page.slice(to)}`
}
