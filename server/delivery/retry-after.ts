const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT$/

/**
 * The wait that a Retry-After header asks for, in ms, 0 or more, however long: back-off limits it. Undefined when it is
 * neither delta-seconds nor an HTTP-date (RFC 9110 10.2.3; the date forms IMF-fixdate and RFC 850, not the one of asctime).
 */
export function retryAfterMs(header: string, nowMs: number = Date.now()): number | undefined {
  const text = header.trim()
  if (/^\d+$/.test(text)) return Number(text) * 1000
  if (!HTTP_DATE.test(text)) return undefined
  const dateMs = Date.parse(text)
  return Number.isNaN(dateMs) ? undefined : Math.max(dateMs - nowMs, 0)
}
