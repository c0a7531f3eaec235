import type { NotifiedEvent } from './notification.ts'
import { cut, printableLine } from './printable.ts'

/** More than a mail client shows; keeps the line below the 998 characters of RFC 5322 2.1.1, which have no place to fold. */
const MOST_OF_SUBJECT = 500

/** The subject line of contract 6.8, word for word; a blank subject is none. What ends a line becomes a blank, so no header can follow. */
export function subjectLine({ type, subject }: Pick<NotifiedEvent, 'type' | 'subject'>): string {
  const line = `Tapis v3 notification. Event type: ${printableLine(type)}`
  return subject === null || subject.trim() === '' ? line : `${line} subject: ${printableLine(cut(subject, MOST_OF_SUBJECT))}`
}
