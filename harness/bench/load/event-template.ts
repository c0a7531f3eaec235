import { BLANK_MARK, SERIES_DIGITS, writeDigits } from './event-mark.ts'

const BLANK_SERIES = '0'.repeat(SERIES_DIGITS)

/** Of all events. */
export const SOURCE = 'https://tapis.io/jobs'

/** Returns the id of a series, which is its subject too, unless one is given. */
export const seriesName = (series: number) => `job-${String(series).padStart(SERIES_DIGITS, '0')}`

export interface EventTemplateOptions {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Size of the JSON text of an event. */
  readonly bodyBytes: number
  /** Of all events; unless given, each series has a subject of its own. */
  readonly subject?: string | undefined
}

/** The bytes of a publish request, in which only digits have to be overwritten. */
export interface EventTemplate {
  readonly bytes: Buffer
  /** Where the mark begins. */
  readonly markAt: number
  /** Where the series is named: in the subject and in the series id. */
  readonly seriesAt: readonly number[]
}

/** All events are of one type; the series id, and the subject unless it is given, are those of `seriesName`. */
export function createEventTemplate(options: EventTemplateOptions): EventTemplate {
  const { host, port, path, headers, bodyBytes, subject = `job-${BLANK_SERIES}` } = options
  const event = (data: string) =>
    JSON.stringify({
      source: SOURCE,
      type: 'jobs.JOB_NEW_STATUS.RUNNING',
      subject,
      seriesId: `job-${BLANK_SERIES}`,
      timestamp: '2026-11-30T12:00:00.000Z',
      data,
    })
  const padding = 'x'.repeat(Math.max(0, bodyBytes - event(BLANK_MARK).length))
  const body = event(BLANK_MARK + padding)
  const lines = [
    `POST ${path} HTTP/1.1`,
    `host: ${host}:${port}`,
    'content-type: application/json',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
  ]
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')
  const subjectAt = bytes.indexOf('"subject":"job-') + '"subject":"job-'.length
  const seriesIdAt = bytes.indexOf('"seriesId":"job-') + '"seriesId":"job-'.length
  return {
    bytes,
    markAt: bytes.indexOf(BLANK_MARK),
    seriesAt: options.subject === undefined ? [subjectAt, seriesIdAt] : [seriesIdAt],
  }
}

export function writeSeries(bytes: Buffer, { seriesAt }: EventTemplate, series: number): void {
  for (const at of seriesAt) writeDigits(bytes, at, SERIES_DIGITS, series)
}
