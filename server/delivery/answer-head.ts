/** The head of an answer, as far as it matters to somebody who drops the body. */
export interface AnswerHead {
  /** 100 to 999. */
  readonly httpStatus: number
  /** How the body ends (RFC 9112 6.3). `unclear`: what the head says of it contradicts itself, or is no number. */
  readonly framing: 'none' | 'chunked' | 'until_close' | 'unclear' | { readonly bytes: number }
  /** The connection may carry another request after the body. */
  readonly isPersistent: boolean
  /** Seconds that an idle connection will be kept by the receiver, if it says so. */
  readonly keepAliveS: number | undefined
  /** Values of Retry-After, one for each such line. */
  readonly retryAfter: readonly string[]
  readonly date: string | undefined
}

type Fields = ReadonlyMap<string, readonly string[]>

/**
 * `HTTP/1.x`, blanks, three digits, then a blank or the end: what a recipient may read by RFC 9112 4. Some servers write
 * another version above an answer that has this very form.
 */
const STATUS_LINE = /^HTTP\/([012])\.(\d)[ \t]+([1-9]\d\d)(?:[ \t\r]|$)/
const LINE_OF_NO_LENGTH = "(?!content-length|transfer-encoding)[!#$%&'*+.^_`|~0-9a-z-]+:[\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n"
/**
 * A head that undici reads as we do: regular lines, at most one of them about the length, no Retry-After that has to be
 * looked at.
 */
const PLAIN_HEAD = new RegExp(`^HTTP/1\\.[01] (?!429|503)([2-9]\\d\\d) [\\t\\x20-\\x7e\\x80-\\xff]*\\r\\n(?:${LINE_OF_NO_LENGTH})*(?:(?:content-length: ?\\d{1,15}|transfer-encoding: ?chunked)\\r\\n(?:${LINE_OF_NO_LENGTH})*)?\\r\\n`, 'i')
/** Longer ones are read line by line. */
const MAX_PLAIN_BYTES = 2048
const FIELDS: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'retry-after', 'date'])
const BODILESS_STATUSES: ReadonlySet<number> = new Set([204, 304])
const MAX_LENGTH_DIGITS = 15

/** The status, where a chunk begins with a whole head that needs no care. Takes about 1 us. */
export function plainStatus(chunk: Buffer): number | undefined {
  const text = chunk.toString('latin1', 0, MAX_PLAIN_BYTES)
  const status = text.startsWith('HTTP') ? PLAIN_HEAD.exec(text)?.[1] : undefined
  return status === undefined ? undefined : Number(status)
}

/**
 * Reads a head as leniently as is safe: the status must be certain, the rest may be odd. `text` is latin1, from the status
 * line up to the empty line; lines end with LF, with or without CR. A folded line goes on with the one above, a line without
 * a colon says nothing. Undefined when it is no answer. Pure.
 */
export function readAnswerHead(text: string): AnswerHead | undefined {
  const [first = '', ...lines] = text.split('\n') // a CR before it is trimmed away
  const [, major, minor, status] = STATUS_LINE.exec(first) ?? []
  if (status === undefined) return undefined
  const httpStatus = Number(status)
  const fields = readFields(lines)
  const framing = BODILESS_STATUSES.has(httpStatus) ? 'none' : framingOf(fields)
  return {
    httpStatus,
    framing,
    isPersistent: framing !== 'unclear' && framing !== 'until_close' && !announcesTwice(fields, framing) && mayPersist(`${major}.${minor}`, tokens(fields, 'connection')),
    keepAliveS: keepAliveS(fields),
    retryAfter: fields.get('retry-after') ?? [],
    date: fields.get('date')?.[0],
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
    const name = line.slice(0, Math.max(line.indexOf(':'), 0)).trim().toLowerCase()
    values = fields.get(name) ?? []
    if (!FIELDS.has(name)) continue
    values.push(line.slice(line.indexOf(':') + 1).trim())
    fields.set(name, values)
  }
  return fields
}

function framingOf(fields: Fields): AnswerHead['framing'] {
  const codings = tokens(fields, 'transfer-encoding')
  if (codings.length > 0) return codings.at(-1) === 'chunked' ? 'chunked' : 'unclear'
  const lengths = fields.get('content-length')
  if (lengths === undefined) return 'until_close'
  // The same number said again is one number (RFC 9110 8.6).
  const [length = '', ...others] = new Set(lengths.flatMap((value) => value.split(',')).map((value) => value.trim().replace(/^0+(?=\d)/, '')))
  return others.length === 0 && /^\d+$/.test(length) && length.length <= MAX_LENGTH_DIGITS ? { bytes: Number(length) } : 'unclear'
}

/** A length beside chunks, or beside a status without a body: whoever wrote that may go on with anything. */
const announcesTwice = (fields: Fields, framing: AnswerHead['framing']) =>
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
  (fields.get(name) ?? []).flatMap((value) => value.split(',')).map((token) => token.trim().toLowerCase()).filter((token) => token !== '')
