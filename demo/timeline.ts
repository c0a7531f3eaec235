import type { Job } from './job-events.ts'
import type { Ledger, Outage, Publication, ReceiverArrival } from './ledger.ts'
import type { Paint } from './paint.ts'
import { seenOf } from './try-count.ts'

const WIDTH = { number: 4, event: 37, published: 9, sent: 5, time: 8, note: 14 } // 99 columns with two receivers

export interface TimelineOptions {
  readonly ledger: Pick<Ledger, 'publications' | 'arrivals' | 'outages'>
  readonly receivers: readonly string[]
  readonly paint: Paint
}

/**
 * Returns the table of one job: a line per event, with the outages between them. Times are ms since the start. Pure.
 */
export function timelineOf(job: Job, { ledger, receivers, paint }: TimelineOptions): string[] {
  const publications = ledger.publications.filter((publication) => publication.series === job.uuid)
  const rows = publications.map((publication) => ({
    atMs: publication.publishedAtMs,
    text: eventLine(publication, ledger.arrivals, receivers, paint),
  }))
  const endMs = publications.at(-1)?.publishedAtMs ?? 0
  const outages = ledger.outages
    .filter((outage) => outage.fromMs < endMs)
    .map((outage) => ({ atMs: outage.fromMs, text: paint('yellow', outageLine(outage)) }))
  return [
    paint('bold', `${job.name}, ${job.end}`) + paint('dim', `   job ${job.uuid} of ${job.owner}`),
    paint('dim', headLine(receivers)),
    ...[...rows, ...outages].sort((one, other) => one.atMs - other.atMs).map((line) => line.text),
  ]
}

const headLine = (receivers: readonly string[]) =>
  'nr'.padStart(WIDTH.number) +
  ' ' +
  'event'.padEnd(WIDTH.event - 1) +
  'published'.padStart(WIDTH.published) +
  'sent'.padStart(WIDTH.sent) +
  receivers
    .map((name) => name.padStart(WIDTH.time).padEnd(WIDTH.time + WIDTH.note))
    .join('')
    .trimEnd()

function eventLine(
  publication: Publication,
  arrivals: readonly ReceiverArrival[],
  receivers: readonly string[],
  paint: Paint,
): string {
  const { number, type, publishedAtMs, tries, eventUuid } = publication
  const left =
    `${String(number).padStart(WIDTH.number)} ${shortType(type).padEnd(WIDTH.event - 1)}` +
    ms(publishedAtMs).padStart(WIDTH.published)
  const sent = (tries > 1 ? `${tries}x` : '').padStart(WIDTH.sent)
  const cells = receivers.map((name) =>
    cell(
      arrivals.filter((arrival) => arrival.receiver === name && arrival.eventUuid === eventUuid),
      paint,
    ),
  )
  return left + paint('yellow', sent) + cells.join('').trimEnd()
}

function cell(arrivals: readonly ReceiverArrival[], paint: Paint): string {
  const { taken, tries, duplicates } = seenOf(arrivals)
  if (!taken) return paint('red', 'lost'.padStart(WIDTH.time)) + ' '.repeat(WIDTH.note)
  const notes = [...(tries > 1 ? [`try ${tries}`] : []), ...(duplicates > 0 ? [`+${duplicates} dup`] : [])]
  const note = notes.length === 0 ? '' : `  ${notes.join(' ')}`
  return ms(taken.atMs).padStart(WIDTH.time) + paint(duplicates > 0 ? 'red' : 'yellow', note.padEnd(WIDTH.note))
}

const outageLine = ({ what, fromMs, toMs }: Outage) =>
  `     -- ${ms(fromMs)} to ${toMs === undefined ? 'the end' : ms(toMs)}: ${what}`

const ms = (value: number) => String(Math.round(value))

/** Removes the name of the service, with which all types of Jobs begin. */
export const shortType = (type: string) => type.replace(/^jobs\./, '')
