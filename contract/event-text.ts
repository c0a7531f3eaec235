/** An event as it goes out in a notification, without its number, which is only known when it is dispatched. */
export interface EventFields {
  readonly source: string
  readonly type: string
  readonly subject: string | null
  readonly data: string | null
  readonly seriesId: string | null
  /** The publisher's, verbatim. */
  readonly timestamp: string
  readonly deleteSubscriptionsMatchingSubject: boolean
  readonly endSeries: boolean
  readonly tenant: string
  readonly user: string
  /** See `instantText`. */
  readonly received: string
  readonly uuid: string
}

/** `seqOffset` is the place of the missing `seriesSeqCount` in `text`, in UTF-16 units. */
export interface EventText {
  readonly text: string
  readonly seqOffset: number
}

/**
 * Returns the event object as Gson prints it inside a notification (protocol 5.3): members indented by 4, the closing
 * brace by 2, LF, absent texts as null. The result is not JSON until `withSeqCount` has put the number in.
 */
export function eventText(event: EventFields): EventText {
  const before = `{
    "source": ${quoted(event.source)},
    "type": ${quoted(event.type)},
    "subject": ${quotedOrNull(event.subject)},
    "data": ${quotedOrNull(event.data)},
    "seriesId": ${quotedOrNull(event.seriesId)},
    "seriesSeqCount": `
  const after = `,
    "timestamp": ${quoted(event.timestamp)},
    "deleteSubscriptionsMatchingSubject": ${event.deleteSubscriptionsMatchingSubject},
    "endSeries": ${event.endSeries},
    "tenant": ${quoted(event.tenant)},
    "user": ${quoted(event.user)},
    "received": ${quoted(event.received)},
    "uuid": ${quoted(event.uuid)}
  }`
  return { text: before + after, seqOffset: before.length }
}

/**
 * Puts the number into the text of an event. A number in a string is taken as it is, so a bigint column needs no
 * conversion.
 */
export const withSeqCount = (text: string, seqOffset: number, number: number | string) =>
  text.slice(0, seqOffset) + String(number) + text.slice(seqOffset)

/**
 * Returns a JSON string as Gson writes it with HTML escaping off: like JSON.stringify, with U+2028 and U+2029 escaped
 * too. A lone surrogate stays an escape, for UTF-8 cannot carry it.
 */
export function quoted(text: string): string {
  const json = JSON.stringify(text)
  if (!json.includes('\u2028') && !json.includes('\u2029')) return json
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}

const quotedOrNull = (text: string | null) => (text === null ? 'null' : quoted(text))

const INSTANT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)$/

/**
 * Returns an instant in UTC as java.time prints it: no fraction, or one of 3, 6 or 9 digits. Accepts ISO 8601 and
 * PostgreSQL's text of a timestamptz, and keeps every digit. Throws a `RangeError` on anything else.
 */
export function instantText(text: string): string {
  const [, date, time, fraction = '', zone] = INSTANT.exec(text) ?? []
  const epochMs = Date.parse(`${date}T${time}Z`)
  if (zone === undefined || Number.isNaN(epochMs)) throw new RangeError(`not an instant: ${text}`)
  const seconds = new Date(epochMs - offsetMs(zone)).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length)
  const digits = fraction.replace(/0+$/, '')
  const padded = digits.padEnd(Math.ceil(digits.length / 3) * 3, '0')
  return padded === '' ? `${seconds}Z` : `${seconds}.${padded}Z`
}

/** Returns what `instantText` would of the ISO text of a date. */
export function dateText(date: Date): string {
  const text = date.toISOString()
  return text.endsWith('.000Z') ? `${text.slice(0, -'.000Z'.length)}Z` : text
}

function offsetMs(zone: string): number {
  if (zone === 'Z') return 0
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}
