/** What a cursor holds: numbers and texts whose meaning only its list knows. */
export type CursorParts = readonly (number | string)[]

/** Returns a cursor as an opaque text. */
export const cursorText = (parts: CursorParts): string =>
  Buffer.from(JSON.stringify(parts), 'utf8').toString('base64url')

/**
 * Returns the parts of a cursor that `cursorText` made, if they have these types; undefined for any other text. Rights
 * are judged anew on each page, so a made-up cursor shows nothing more.
 */
export function cursorParts(text: string, types: readonly ('number' | 'string')[]): CursorParts | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    return isOfTypes(parts, types) ? parts : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const isOfTypes = (parts: unknown, types: readonly ('number' | 'string')[]): parts is CursorParts =>
  Array.isArray(parts) &&
  parts.length === types.length &&
  parts.every((part, index) =>
    types[index] === 'number' ? Number.isSafeInteger(part) : typeof part === 'string' && part.length <= 64,
  )
