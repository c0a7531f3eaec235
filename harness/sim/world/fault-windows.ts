/** A time in which something was broken on purpose. */
export interface FaultWindow {
  readonly kind: string
  /** A process, an address, or `database`. */
  readonly whom: string
  readonly from: number
  /** Until everybody has noticed that it is over. */
  readonly until: number
}

export interface FaultWindows {
  add(window: FaultWindow): void
  /** Returns one that touches one of these, and this time. */
  find(whom: readonly string[], from: number, until: number): FaultWindow | undefined
  /** Returns one that touches anybody in this time. */
  findAny(from: number, until: number): FaultWindow | undefined
  readonly count: number
}

export function createFaultWindows(): FaultWindows {
  const windows: FaultWindow[] = []
  const touches = (window: FaultWindow, from: number, until: number) => window.from <= until && window.until >= from
  return {
    add: (window) => void windows.push(window),
    find: (whom, from, until) => windows.find((window) => whom.includes(window.whom) && touches(window, from, until)),
    findAny: (from, until) => windows.find((window) => touches(window, from, until)),
    get count() {
      return windows.length
    },
  }
}
