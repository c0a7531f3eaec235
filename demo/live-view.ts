import type { NotificationBody } from '@tidings/harness/receiver.ts'
import type { Job } from './job-events.ts'
import type { Ledger, Publication, ReceiverArrival } from './ledger.ts'
import type { Paint } from './paint.ts'
import { shortType } from './timeline.ts'
import { seenOf, type Seen } from './try-count.ts'

const CELL = 18

export interface LiveViewDeps {
  readonly ledger: Ledger
  readonly receivers: readonly string[]
  readonly paint: Paint
  readonly write: (line: string) => void
}

/** Prints what happens, as it happens: a line per event, and one for each arrival after that. */
export interface LiveView {
  heading(): void
  /** Prints an event with what has arrived of it so far. */
  event(publication: Publication): void
  /** Prints an arrival, if its event was printed before. Call it after the ledger has the arrival. */
  arrival(arrival: ReceiverArrival): void
  retry(job: Job, number: number, reason: string): void
  tell(kind: 'bad' | 'good', text: string): void
  /** Prints a notification from outside the demo: somebody is trying the service. */
  visitor(receiver: string, notification: NotificationBody): void
}

export function createLiveView({ ledger, receivers, paint, write }: LiveViewDeps): LiveView {
  const shown = new Map<string, Publication>()
  const time = () => `${(ledger.now() / 1000).toFixed(2)} s`.padStart(8)

  const seenBy = (receiver: string, eventUuid: string) =>
    seenOf(ledger.arrivals.filter((arrival) => arrival.receiver === receiver && arrival.eventUuid === eventUuid))

  function cell({ taken, tries }: Seen<ReceiverArrival>, sentAtMs: number): string {
    if (!taken && tries === 0) return paint('dim', 'not yet'.padEnd(CELL))
    if (!taken) return paint('red', (tries === 1 ? '503' : `503, try ${tries}`).padEnd(CELL))
    const text = `+${Math.round(taken.atMs - sentAtMs)} ms`
    return tries === 1 ? paint('green', text.padEnd(CELL)) : paint('yellow', `${text}, try ${tries}`.padEnd(CELL))
  }

  const lateCell = (seen: Seen<ReceiverArrival>, sentAtMs: number) =>
    seen.duplicates > 0 ? paint('red', 'again, same uuid'.padEnd(CELL)) : cell(seen, sentAtMs)

  const line = ({ job, number, type }: Publication, cells: readonly string[]) =>
    write(
      `${time()}  ${job.name.padEnd(12)} ${String(number).padStart(2)} ${shortType(type).padEnd(36)} ` +
        cells.join('').trimEnd(),
    )

  return {
    heading: () =>
      write(
        paint(
          'dim',
          `    time  ${'job'.padEnd(12)} nr ${'event'.padEnd(36)} ${receivers
            .map((name) => name.padEnd(CELL))
            .join('')
            .trimEnd()}`,
        ),
      ),
    event(publication) {
      shown.set(publication.eventUuid, publication)
      line(
        publication,
        receivers.map((name) => cell(seenBy(name, publication.eventUuid), publication.sentAtMs)),
      )
    },
    arrival({ receiver, eventUuid }) {
      const publication = shown.get(eventUuid)
      if (!publication) return
      const late = lateCell(seenBy(receiver, eventUuid), publication.sentAtMs)
      line(
        publication,
        receivers.map((name) => (name === receiver ? late : ' '.repeat(CELL))),
      )
    },
    retry(job, number, reason) {
      const cause = reason.slice(0, 24)
      const text = `no response to ${job.name} ${number} (${cause}), sent again with the same Idempotency-Key`
      write(`${time()}  ${paint('yellow', text)}`)
    },
    visitor: (receiver, { event }) =>
      write(
        `${time()}  ${receiver} gets ${event.type} of ${event.subject ?? 'no subject'}, ` +
          `number ${event.seriesSeqCount}: ${event.data ?? 'no data'}`,
      ),
    tell: (kind, text) => write(`${time()}  ${paint(kind === 'bad' ? 'red' : 'cyan', `--- ${text}`)}`),
  }
}
