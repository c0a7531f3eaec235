/**
 * What must not be shown to a person: control characters except line ends and tabs, lone surrogates, and marks that
 * change the direction of the text after them, which can make a text look like another one (Unicode TR 36, 3.3).
 */
const UNPRINTABLE = /(?![\n\t])\p{Cc}|\p{Cs}|\p{Bidi_Control}/gu

/** Returns a text from outside in a form that may be shown, with LF between its lines. */
export const printable = (text: string) => text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(UNPRINTABLE, '\ufffd')

/** The same on one line. */
export const printableLine = (text: string) =>
  printable(text)
    .replace(/[\n\t]/g, ' ')
    .trim()

/** Returns the first `maxLength` characters, without half a surrogate pair; an ellipsis marks that there was more. */
export const truncate = (text: string, maxLength: number) =>
  text.length <= maxLength ? text : `${text.slice(0, maxLength).replace(/\p{Cs}$/u, '')}\u2026`
