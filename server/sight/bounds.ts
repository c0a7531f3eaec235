/**
 * What one statement of a look reads at most. All of it is within the scope of the look: nothing here counts what
 * belongs to others.
 */
export interface Bounds {
  /** Events of a page, before its conditions. */
  readonly events: number
  /** Subscriptions of a page, each with its targets. */
  readonly subscriptions: number
  /** Notifications of a page, before its conditions. */
  readonly notifications: number
  /** Notifications of one event that are read together; those of one with more come subscription by subscription. */
  readonly ofEvent: number
  /** Targets of an owner whose notifications of one event are looked for. */
  readonly targets: number
  /** Notifications of targets that are read and sorted for one page. */
  readonly sorted: number
  /** Bodies of events. One more event is read, however large. */
  readonly bodyBytes: number
}

export const BOUNDS: Bounds = {
  events: 1000,
  subscriptions: 5000,
  notifications: 1000,
  ofEvent: 200,
  targets: 50_000,
  sorted: 10_000,
  bodyBytes: 4 * 1024 * 1024,
}

/** What was asked for cannot be found within the bounds; the sentence says what to ask for instead. */
export class LookTooBroad extends Error {
  readonly advice: string

  constructor(advice: string) {
    super(`the look is too broad: ${advice}`)
    this.name = 'LookTooBroad'
    this.advice = advice
  }
}
