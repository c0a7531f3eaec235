/** Codes of ECMA-48, which every terminal knows. */
const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const

/** Colours a text. Pad it before: the codes have a length as well. */
export type Paint = (colour: keyof typeof CODES, text: string) => string

/** Colour only where somebody looks at it and has not declined (https://no-color.org). */
export const createPaint = ({
  isTerminal,
  noColor,
}: {
  readonly isTerminal: boolean
  readonly noColor: string | undefined
}): Paint =>
  isTerminal && (noColor ?? '') === ''
    ? (colour, text) => `\u001B[${CODES[colour]}m${text}\u001B[0m`
    : (_, text) => text
