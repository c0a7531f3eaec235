import type { NotifiedEvent } from './notification-content.ts'
import { truncate, printableLine } from './printable.ts'

/**
 * More than a mail client shows. Keeps the line below the limit of 998 characters (RFC 5322 2.1.1), even if it cannot
 * be folded.
 */
const MAX_SUBJECT_LENGTH = 500

/**
 * Returns the subject line of protocol 6.8, word for word; a blank subject counts as none. Line ends become blanks, so
 * that no header can be injected.
 */
export function subjectLine({ type, subject }: Pick<NotifiedEvent, 'type' | 'subject'>): string {
  const line = `Tapis v3 notification. Event type: ${printableLine(type)}`
  return subject === null || subject.trim() === ''
    ? line
    : `${line} subject: ${printableLine(truncate(subject, MAX_SUBJECT_LENGTH))}`
}
