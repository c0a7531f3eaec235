import type { Failed, Unbuildable } from '../send-result.ts'
import type { MailEnvelope } from './compose-mail.ts'

/**
 * Returns the result of a mail that this server cannot take, or undefined if it can: a local part that is not ASCII may
 * be sent only to a server that announced SMTPUTF8 (RFC 6531 3.1). A domain never needs it, because it has an ASCII
 * form (compose-mail.ts). Pure.
 *
 * | whose local part is not ASCII | it concerns                            | outcome |
 * |-------------------------------|----------------------------------------|---------|
 * | the recipient's               | that mail, at every attempt            | give_up |
 * | our sender's                  | every mail; an operator has to fix it  | retry   |
 */
export function utf8Result(
  { from, to }: MailEnvelope,
  extensions: ReadonlySet<string>,
): Unbuildable | Failed | undefined {
  if (extensions.has('SMTPUTF8')) return undefined
  if (!isAscii(from)) return { kind: 'failed', reason: 'smtputf8_unsupported', stage: 'connect', durationMs: 0 }
  return to.every(isAscii) ? undefined : { kind: 'unbuildable', reason: 'smtputf8_unsupported' }
}

const isAscii = (text: string) => /^\p{ASCII}*$/u.test(text)
