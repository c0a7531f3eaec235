import type { EventRecord } from '../broker/broker.ts'
import { ExpectedFailure } from '../runtime/expected-failure.ts'

/**
 * Why a record was not published.
 *
 * | kind       | the record                                                | the same again                     |
 * |------------|-----------------------------------------------------------|------------------------------------|
 * | not_stored | is not stored                                             | may succeed                        |
 * | unknown    | may be stored, once                                       | may store it twice without a key   |
 * | key_reused | is not stored: its key stands for different content       | fails again                        |
 * | rejected   | is not stored: the broker rejects it, `cause` is its error | fails again                        |
 * | follows    | is not stored: an earlier one of its chain is not         | may succeed, together with that    |
 */
export type PublishErrorKind = 'not_stored' | 'unknown' | 'key_reused' | 'rejected' | 'follows'

/** What is to be published: an event, or the end of a series. */
type RecordKind = EventRecord['kind']

export class PublishError extends ExpectedFailure {
  readonly kind: PublishErrorKind
  readonly recordKind: RecordKind

  constructor(kind: PublishErrorKind, recordKind: RecordKind, cause?: unknown) {
    super(messageOf(kind, SUBJECTS[recordKind]), { cause })
    this.name = 'PublishError'
    this.kind = kind
    this.recordKind = recordKind
  }
}

const SUBJECTS = { event: 'the event', end_series: 'the end of the series' } as const satisfies Record<
  RecordKind,
  string
>

function messageOf(kind: PublishErrorKind, subject: string): string {
  switch (kind) {
    case 'not_stored':
      return `${subject} was not stored`
    case 'unknown':
      return `it is not known whether ${subject} was stored`
    case 'key_reused':
      return `${subject} was not stored: its idempotency key was used with different content`
    case 'rejected':
      return `${subject} was rejected by the broker`
    case 'follows':
      return `${subject} was not stored: an earlier event of its series in the same batch was not`
  }
}
