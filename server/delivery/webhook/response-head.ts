/** The head of a response, as far as it matters to a client that drops the body. */
export interface ResponseHead {
  /** 100 to 999. */
  readonly httpStatus: number
  /** How the body ends (RFC 9112 6.3). `unclear`: the head contradicts itself about it, or its length is no number. */
  readonly framing: 'none' | 'chunked' | 'until_close' | 'unclear' | { readonly bytes: number }
  /** The connection may carry another request after the body. */
  readonly isPersistent: boolean
  /** Seconds for which the receiver keeps an idle connection open, if it says so. */
  readonly keepAliveS: number | undefined
  /** The values of Retry-After, one per line. Empty unless the status is 429 or 503: other statuses ignore it. */
  readonly retryAfter: readonly string[]
  /** The receiver's clock, if there is a Retry-After that may refer to it. */
  readonly date: string | undefined
}

type Fields = ReadonlyMap<string, readonly string[]>

/**
 * `HTTP/1.x`, blanks, three digits, then a blank or the end: what RFC 9112 4 lets a recipient accept. Some servers
 * write another version but otherwise use this form.
 */
const STATUS_LINE = /^HTTP\/([012])\.(\d)[ \t]+([1-9]\d\d)(?:[ \t\r]|$)/
const LINE_OF_NO_LENGTH =
  "(?!content-length|transfer-encoding)[!#$%&'*+.^_`|~0-9a-z-]+:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n"
/**
 * A head that undici reads as we do: regular lines, at most one of them about the length, no Retry-After that counts.
 */
const PLAIN_HEAD = new RegExp(
  '^HTTP/1\\.[01] (?!429|503)([2-9]\\d\\d) [\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n' +
    `(?:${LINE_OF_NO_LENGTH})*` +
    `(?:(?:content-length: ?\\d{1,15}|transfer-encoding: ?chunked)\\r\\n(?:${LINE_OF_NO_LENGTH})*)?\\r\\n`,
  'i',
)
/** Longer heads are read line by line. */
const MAX_PLAIN_BYTES = 2048
const FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'retry-after',
  'date',
])
const BODILESS_STATUSES: ReadonlySet<number> = new Set([204, 304])
const RETRY_AFTER_STATUSES: ReadonlySet<number> = new Set([429, 503])
const MAX_LENGTH_DIGITS = 15

/** Returns the status if the chunk begins with a complete plain head (`PLAIN_HEAD`). Takes about 1 us. */
export function plainStatus(chunk: Buffer): number | undefined {
  const text = chunk.toString('latin1', 0, MAX_PLAIN_BYTES)
  const status = text.startsWith('HTTP') ? PLAIN_HEAD.exec(text)?.[1] : undefined
  return status === undefined ? undefined : Number(status)
}

/**
 * Reads a head as leniently as is safe: the status must be certain, the rest may be odd. `text` is latin1, from the
 * status line to the empty line; lines end with LF, with or without CR. A folded line continues the one above, a line
 * without a colon is ignored. Undefined if it is no HTTP response. Pure.
 */
export function readResponseHead(text: string): ResponseHead | undefined {
  const [first = '', ...lines] = text.split('\n') // a CR before it is trimmed away
  const [, major, minor, status] = STATUS_LINE.exec(first) ?? []
  if (status === undefined) return undefined
  const httpStatus = Number(status)
  const fields = readFields(lines)
  const framing = BODILESS_STATUSES.has(httpStatus) ? 'none' : framingOf(fields)
  const retryAfter = RETRY_AFTER_STATUSES.has(httpStatus) ? (fields.get('retry-after') ?? []) : []
  return {
    httpStatus,
    framing,
    isPersistent:
      framing !== 'unclear' &&
      framing !== 'until_close' &&
      !announcesTwice(fields, framing) &&
      mayPersist(`${major}.${minor}`, tokens(fields, 'connection')),
    keepAliveS: keepAliveS(fields),
    retryAfter,
    date: retryAfter.length > 0 ? fields.get('date')?.[0] : undefined,
  }
}

function readFields(lines: readonly string[]): Fields {
  const fields = new Map<string, string[]>()
  let values: string[] = []
  for (const line of lines) {
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (values.length > 0) values.push(`${values.pop() ?? ''} ${line.trim()}`) // RFC 9112 5.2: obs-fold
      continue
    }
    const name = line
      .slice(0, Math.max(line.indexOf(':'), 0))
      .trim()
      .toLowerCase()
    values = fields.get(name) ?? []
    if (!FIELDS.has(name)) continue
    values.push(line.slice(line.indexOf(':') + 1).trim())
    fields.set(name, values)
  }
  return fields
}

function framingOf(fields: Fields): ResponseHead['framing'] {
  const codings = tokens(fields, 'transfer-encoding')
  if (codings.length > 0) return codings.at(-1) === 'chunked' ? 'chunked' : 'unclear'
  const lengths = fields.get('content-length')
  if (lengths === undefined) return 'until_close'
  // A repeated identical length is one length (RFC 9110 8.6).
  const [length = '', ...others] = new Set(
    lengths.flatMap((value) => value.split(',')).map((value) => value.trim().replace(/^0+(?=\d)/, '')),
  )
  return others.length === 0 && /^\d+$/.test(length) && length.length <= MAX_LENGTH_DIGITS
    ? { bytes: Number(length) }
    : 'unclear'
}

/** A length beside chunks, or a coding beside a status without a body: what follows on the connection is uncertain. */
const announcesTwice = (fields: Fields, framing: ResponseHead['framing']) =>
  (framing === 'chunked' && fields.has('content-length')) || (framing === 'none' && fields.has('transfer-encoding'))

function mayPersist(version: string, connection: readonly string[]): boolean {
  if (connection.includes('close') || !version.startsWith('1.')) return false
  return version !== '1.0' || connection.includes('keep-alive')
}

function keepAliveS(fields: Fields): number | undefined {
  const seconds = /(?:^|[,\s])timeout=(\d{1,9})/i.exec(fields.get('keep-alive')?.join() ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds)
}

const tokens = (fields: Fields, name: string): string[] =>
  (fields.get(name) ?? [])
    .flatMap((value) => value.split(','))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '')
