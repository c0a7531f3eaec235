/** The parts of the message of an envelope. */
export interface MessageParts {
  /** Stable, for programs. */
  readonly code: string
  /** For people; without the full stop. */
  readonly sentence: string
  /** `Key: value` pairs, in this order. */
  readonly pairs?: readonly (readonly [key: string, value: string | number])[]
  /** What is wrong with the request, one line each. */
  readonly violations?: readonly string[]
}

/** Composes `<CODE> <sentence>. Key: value ...`, with one indented line for each violation (protocol 2.4). */
export function messageText({ code, sentence, pairs = [], violations = [] }: MessageParts): string {
  const pairsText = pairs.map(([key, value]) => ` ${key}: ${value}`).join('')
  const lines = violations.map((violation, index) => `\n  #${index + 1} ${violation}`).join('')
  return `${code} ${sentence}.${pairsText}${lines}`
}
