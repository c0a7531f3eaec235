/** More than this a report lists only with --verbose, and then as it goes along: a million lines must not wait in memory. */
const MAX_LISTED = 50

/** Lines under a title. */
export interface Listing {
  add(line: string): void
  text(): string
}

/** `onLine` takes each line as it comes; undefined: they are kept for the text. */
export function createListing(title: string, onLine: ((line: string) => void) | undefined): Listing {
  const lines: string[] = []
  let count = 0
  return {
    add(line) {
      count += 1
      if (onLine) onLine(line)
      else if (lines.length < MAX_LISTED) lines.push(line)
    },
    text() {
      if (lines.length === 0) return ''
      const rest = count - lines.length
      return `\n${[title, ...lines, ...(rest > 0 ? [`  and ${rest} more; --verbose lists all`] : [])].join('\n')}\n`
    },
  }
}
