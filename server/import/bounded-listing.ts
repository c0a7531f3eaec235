/** A report lists more lines only with --verbose, and then at once: a million lines must not be held in memory. */
const MAX_LISTED = 50

/** Collects lines under a title. */
export interface BoundedListing {
  add(line: string): void
  text(): string
}

/** `onLine` receives each line at once; undefined: `text` returns the first `MAX_LISTED`. */
export function createBoundedListing(title: string, onLine: ((line: string) => void) | undefined): BoundedListing {
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
