import type { Envelope, ListMetadata } from '@tidings/contract/envelope.ts'

/** What a build says about itself. */
export interface BuildInfo {
  readonly version: string
  readonly commit: string
  readonly build: string
}

/** Writes answers, as text. The order of the members is the original's. */
export interface Envelopes {
  success(message: string, result: unknown, metadata?: ListMetadata | null): string
  /** The same text of a list, in pieces. */
  list(): ListText
  error(message: string): string
  /** Health and readiness pass: the result comes last. */
  healthy(message: string, result: string): string
  /** Readiness fails: in the common order, with a result. */
  unready(message: string, result: string): string
}

/** Pieces of one text, in this order: the opening, rows any number of times, the closing. */
export interface ListText {
  opening(): string
  rows(rows: readonly unknown[]): string
  closing(message: string, metadata: ListMetadata): string
}

/** Version, commit and build are the same in every answer of a process. */
export function createEnvelopes({ version, commit, build }: BuildInfo): Envelopes {
  const envelope = (status: Envelope['status'], message: string, result: unknown, metadata: ListMetadata | null): Envelope =>
    ({ result, status, message, version, commit, build, metadata })

  return {
    success: (message, result, metadata = null) => compact(envelope('success', message, result, metadata)),
    list: () => listText((message, metadata) => envelope('success', message, [], metadata)),
    error: (message) => compact(envelope('error', message, null, null)),
    healthy: (message, result) => compact({ status: 'success', message, version, commit, build, metadata: null, result }),
    unready: (message, result) => compact(envelope('error', message, result, null)),
  }
}

/** On one line, as the original since its 1.8.2; the line ends that JavaScript once stumbled over are escaped, as Gson does. */
const compact = (value: unknown) => JSON.stringify(value).replace(/[\u2028\u2029]/g, (end) => (end === '\u2028' ? '\\u2028' : '\\u2029'))

/** The envelope of an empty list is cut in two where its rows belong. */
function listText(empty: (message: string, metadata: ListMetadata | null) => Envelope): ListText {
  const opening = '{"result":['
  let isEmpty = true
  return {
    opening: () => opening,
    rows(rows) {
      const text = rows.map((row, index) => `${isEmpty && index === 0 ? '' : ','}${compact(row)}`).join('')
      isEmpty &&= rows.length === 0
      return text
    },
    closing: (message, metadata) => compact(empty(message, metadata)).slice(opening.length),
  }
}
