/**
 * Translates a pattern of condition texts (protocol 4.2) into one of SQL: `*` is any run, `!` any character; `\*` and
 * `\!` are themselves.
 */
export const patternOfStars = (text: string): string => canonical(text, { run: '*', character: '!' })

/**
 * Brings a pattern of SQL into the one form that the compiler expects. A backslash at the end, an error in PostgreSQL,
 * is itself.
 */
export const patternOfSql = (text: string): string => canonical(text, { run: '%', character: '_' })

/** A backslash escapes any character after it, as in PostgreSQL. */
function canonical(text: string, wildcards: { readonly run: string; readonly character: string }): string {
  let pattern = ''
  for (let at = 0; at < text.length; at++) {
    const unit = text.charAt(at)
    if (unit === '\\' && at + 1 < text.length) pattern += literal(text.charAt(++at))
    else if (unit === wildcards.run) pattern += '%'
    else if (unit === wildcards.character) pattern += '_'
    else pattern += literal(unit)
  }
  return pattern
}

const literal = (unit: string): string => (unit === '%' || unit === '_' || unit === '\\' ? `\\${unit}` : unit)
