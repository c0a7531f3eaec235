import { onTestFinished, vi } from 'vitest'

/**
 * Environment of a node process whose wall clock is so far ahead of the machine's, or behind it; its monotonic clock is
 * right.
 */
export function wallClockOff(aheadMs: number): Readonly<Record<'NODE_OPTIONS', string>> {
  const code = `
    const Right = globalThis.Date
    globalThis.Date = class Date extends Right {
      constructor(...given) { given.length > 0 ? super(...given) : super(Right.now() + ${aheadMs}) }
      static now() { return Right.now() + ${aheadMs} }
    }`
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` }
}

/**
 * Sets the wall clock of this process, and of every part of the service that runs in it, until the end of the test.
 * Timers and the monotonic clock go on.
 */
export function setWallClock(aheadMs: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + aheadMs })
  onTestFinished(() => void vi.useRealTimers())
}
