const MAX_DISPLAY_CHARS = 200

/** A text of a caller, fit for a message or a log: one line, at most 200 characters, nothing that moves the cursor. */
export function sanitize(text: string): string {
  if (text.length <= MAX_DISPLAY_CHARS && PLAIN.test(text)) return text
  // taking a whole megabyte apart would be wasteful
  const start = text.length > 4 * MAX_DISPLAY_CHARS ? text.slice(0, 4 * MAX_DISPLAY_CHARS) : text
  const characters = Array.from(start.replace(UNPRINTABLE, '?'))
  return characters.length > MAX_DISPLAY_CHARS || start !== text
    ? `${characters.slice(0, MAX_DISPLAY_CHARS).join('')}...`
    : characters.join('')
}

/** Printable ASCII: most texts are. */
const PLAIN = /^[ -~]*$/

/**
 * Control characters, lone surrogates, the two line ends that JSON leaves alone, and the marks that turn the direction
 * of what is behind them (Unicode `Bidi_Control`), which make a text look like another one (Unicode TR 36, 3.3).
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/gu
