import type { Measurement } from '../measure.ts'
import type { Report } from './table.ts'

/** Returns the machine, the figures and every measurement behind them. */
export function reportJson(
  { machine, figures, failures, rounds, seconds }: Report,
  measurements: readonly Measurement[],
): string {
  return `${JSON.stringify({ machine, rounds, seconds, failures, figures, measurements }, null, 2)}\n`
}
