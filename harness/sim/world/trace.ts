/** What happened, one line each, with its simulated time. Kept only when somebody wants to read it. */
export interface Trace {
  readonly isOn: boolean
  /** `text` is made only when the trace is on. */
  note(who: string, text: () => string): void
  readonly lines: readonly string[]
}

export function createTrace(isOn: boolean, now: () => number): Trace {
  const lines: string[] = []
  return {
    isOn,
    lines,
    note(who, text) {
      if (isOn) lines.push(`${now().toFixed(1).padStart(9)} ${who.padEnd(6)} ${text()}`)
    },
  }
}
