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
  /** Health and readiness pass: compact, and the result comes last. */
  healthy(message: string, result: string): string
  /** Readiness fails: compact, in the common order, with a result. */
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
    success: (message, result, metadata = null) => pretty(envelope('success', message, result, metadata)),
    list: () => listText((message, metadata) => envelope('success', message, [], metadata)),
    error: (message) => pretty(envelope('error', message, null, null)),
    healthy: (message, result) => JSON.stringify({ status: 'success', message, version, commit, build, metadata: null, result }),
    unready: (message, result) => JSON.stringify(envelope('error', message, result, null)),
  }
}

/** As Gson prints: two blanks, and the line ends that JavaScript once stumbled over escaped. */
const pretty = (value: unknown) => JSON.stringify(value, null, 2).replace(/[\u2028\u2029]/g, (end) => (end === '\u2028' ? '\\u2028' : '\\u2029'))

/** The envelope of an empty list is cut in two where its rows belong; they are indented by their two levels. */
function listText(empty: (message: string, metadata: ListMetadata | null) => Envelope): ListText {
  const opening = '{\n  "result": ['
  let isEmpty = true
  return {
    opening: () => opening,
    rows(rows) {
      const text = rows.map((row, index) => `${isEmpty && index === 0 ? '' : ','}\n    ${pretty(row).replaceAll('\n', '\n    ')}`).join('')
      isEmpty &&= rows.length === 0
      return text
    },
    closing: (message, metadata) => (isEmpty ? '' : '\n  ') + pretty(empty(message, metadata)).slice(opening.length),
  }
}
