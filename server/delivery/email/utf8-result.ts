import type { Failed, Unbuildable } from '../send-result.ts'
import type { Envelope } from './compose.ts'

/**
 * What a mail comes to that this server cannot be given: an address with other than ASCII letters may only be told to one
 * that announced SMTPUTF8 (RFC 6531 3.1). A domain alone never needs it, for it has a form in ASCII (compose.ts). Pure.
 *
 * | whose local part is not ASCII | it speaks of                           | outcome |
 * |-------------------------------|----------------------------------------|---------|
 * | the recipient's               | that mail, at every attempt            | give_up |
 * | our sender's                  | every mail; for an operator to mend    | retry   |
 */
export function utf8Result({ from, to }: Envelope, extensions: ReadonlySet<string>): Unbuildable | Failed | undefined {
  if (extensions.has('SMTPUTF8')) return undefined
  if (!isAscii(from)) return { kind: 'failed', reason: 'smtputf8_unsupported', stage: 'connect', durationMs: 0 }
  return to.every(isAscii) ? undefined : { kind: 'unbuildable', reason: 'smtputf8_unsupported' }
}

const isAscii = (text: string) => /^\p{ASCII}*$/u.test(text)
