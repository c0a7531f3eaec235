import type { Measurement } from '../measure.ts'
import { REFERENCE, TUNED_REFERENCE } from '../systems/all-systems.ts'
import type { Figures } from './figure-text.ts'
import { ratioText } from './ratio-text.ts'

/** The scenario that is compared in a sentence, and that judges the machine. */
const HEADLINE = 'saturation'
/** Events/s of BullMQ as its users run it. A run in which it is slower is void: nothing follows from its ratios. */
const LEAST_PER_S = 2600

/** Returns the title of a system, by its id. */
export type Titles = (system: string) => string

type Measured = Pick<Measurement, 'scenario' | 'system'>

const isReference = ({ scenario, system }: Measured) => scenario === HEADLINE && system === REFERENCE

/** Returns whether this measurement alone makes the run void. */
export const isVoiding = (measurement: Measured & Pick<Measurement, 'receivedPerS'>) =>
  isReference(measurement) && measurement.receivedPerS < LEAST_PER_S

/**
 * Says when a round of BullMQ was too slow for a comparison. What the tuned program reached tells the two causes apart:
 * if it was fast, the machine was free.
 */
export function voidLines(figures: readonly Figures[]): string[] {
  const reference = figures.find(isReference)
  if (!reference || reference.receivedPerS.min >= LEAST_PER_S) return []
  const tuned = figures.find(({ scenario, system }) => scenario === HEADLINE && system === TUNED_REFERENCE)
  const beside = tuned ? ` BullMQ tuned reached ${whole(tuned.receivedPerS.min)}.` : ''
  return [
    '',
    '**Void: the machine is too slow or was busy.** BullMQ as its users run it reached ' +
      `${whole(reference.receivedPerS.min)} events/s, less than ${whole(LEAST_PER_S)}.${beside}`,
  ]
}

/** Returns a sentence for each Tidings that was measured beside BullMQ as its users run it. */
export function headlineLines(figures: readonly Figures[], titles: Titles): string[] {
  const lines = figures.flatMap(({ scenario, system, ratio, tunedRatio }) =>
    scenario === HEADLINE && system.startsWith('tidings') && ratio !== undefined
      ? [
          `- ${titles(system)}: **${ratioText(ratio)} times** the events/s of BullMQ as its users run it, ` +
            (tunedRatio === undefined
              ? 'and BullMQ tuned was not measured'
              : `${ratioText(tunedRatio)} times those of BullMQ tuned`),
        ]
      : [],
  )
  return lines.length === 0 ? [] : ['', ...lines]
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US')
