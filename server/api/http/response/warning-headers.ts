/** More than anybody reads. */
export const MAX_WARNINGS = 10
const MAX_CHARS = 300

/**
 * Returns a `Tidings-Warning` header for each warning about a request that was done as asked, though its caller
 * probably meant something else. The envelopes of the Tapis operations stay as they are. What a header cannot hold (RFC
 * 9110 §5.5) becomes `?`.
 */
export function warningHeaders(warnings: readonly string[] = []): Readonly<Record<string, string[]>> {
  if (warnings.length === 0) return {}
  return {
    'tidings-warning': warnings
      .slice(0, MAX_WARNINGS)
      .map((text) => text.slice(0, MAX_CHARS).replace(/[^\x20-\x7e]/g, '?')),
  }
}
