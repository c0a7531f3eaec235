/** What would need manual intervention: each message, and how often it came. */
export interface Alarms {
  /**
   * Counts a line of a log if it is an alarm: of level `error` or `fatal`, or not JSON, which is what Node.js prints
   * when it dies of an error.
   */
  read(line: string): void
  add(message: string): void
  readonly counts: ReadonlyMap<string, number>
}

export function createAlarms(): Alarms {
  const counts = new Map<string, number>()
  const add = (message: string) => void counts.set(message, (counts.get(message) ?? 0) + 1)
  return {
    read(line) {
      const alarm = alarmIn(line)
      if (alarm !== undefined) add(alarm)
    },
    add,
    counts,
  }
}

function alarmIn(line: string): string | undefined {
  if (!line.startsWith('{')) return line.trim() === '' ? undefined : line
  return /"level":[56]0\b/.test(line) ? (/"msg":"([^"]*)"/.exec(line)?.[1] ?? line) : undefined
}
