/**
 * What a person must not be shown as it came: control characters but line ends and tabs, half surrogate pairs, and the
 * marks that turn the direction of everything behind them, which make a text look like another one (Unicode TR 36, 3.3).
 */
const UNPRINTABLE = /(?![\n\t])\p{Cc}|\p{Cs}|\p{Bidi_Control}/gu

/** A text of somebody else as it may be shown, with LF between its lines. */
export const printable = (text: string) => text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(UNPRINTABLE, '\ufffd')

/** The same on one line. */
export const printableLine = (text: string) => printable(text).replace(/[\n\t]/g, ' ').trim()

/** The first `most` characters, never half a pair; an ellipsis says that there was more. */
export const cut = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most).replace(/\p{Cs}$/u, '')}\u2026`)
