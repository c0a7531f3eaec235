/** Broken promises. */
export interface Findings {
  /** `promise`: which one, as in docs/architecture.md, or a word for a rule behind it. */
  report(promise: string, detail: string): void
  readonly all: readonly string[]
}

const MAX_KEPT = 50

export function createFindings(onFinding: (text: string) => void): Findings {
  const all = new Set<string>()
  return {
    report(promise, detail) {
      const text = `${promise}: ${detail}`
      if (all.size >= MAX_KEPT || all.has(text)) return
      all.add(text)
      onFinding(text)
    },
    get all() {
      return [...all]
    },
  }
}
