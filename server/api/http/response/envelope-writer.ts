import { envelope, type BuildInfo, type Envelope, type ListMetadata } from '@tidings/contract/envelope.ts'

/** Writes envelopes as JSON text. The order of the members is the original's. */
export interface EnvelopeWriter {
  success(message: string, result: unknown, metadata?: ListMetadata | null): string
  /** The same as `success` for a list, in pieces. */
  list(): ListEnvelope
  error(message: string): string
  /** For health and readiness that pass: the result comes last. */
  healthy(message: string, result: string): string
  /** For readiness that fails: in the common order, with a result. */
  unready(message: string, result: string): string
}

/** Pieces of one text, in this order: the opening, rows any number of times, the closing. */
export interface ListEnvelope {
  opening(): string
  rows(rows: readonly unknown[]): string
  closing(message: string, metadata: ListMetadata): string
}

export function createEnvelopeWriter(buildInfo: BuildInfo): EnvelopeWriter {
  const success = (message: string, result: unknown, metadata: ListMetadata | null = null) =>
    envelope({ result, status: 'success', message, metadata }, buildInfo)
  const error = (message: string, result: unknown = null) => envelope({ result, status: 'error', message }, buildInfo)

  return {
    success: (message, result, metadata) => compact(success(message, result, metadata)),
    list: () => listEnvelope((message, metadata) => success(message, [], metadata)),
    error: (message) => compact(error(message)),
    healthy(message, text) {
      const { result, ...others } = success(message, text)
      return compact({ ...others, result })
    },
    unready: (message, text) => compact(error(message, text)),
  }
}

/** Writes JSON on one line, as the original since its 1.8.2; the two line separators are escaped, as Gson does. */
const compact = (value: unknown) =>
  JSON.stringify(value).replace(/[\u2028\u2029]/g, (end) => (end === '\u2028' ? '\\u2028' : '\\u2029'))

/** Cuts the envelope of an empty list in two, where its rows belong. */
function listEnvelope(empty: (message: string, metadata: ListMetadata | null) => Envelope): ListEnvelope {
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
