import MailComposer, { type MailComposerOptions } from 'nodemailer/lib/mail-composer'
import { encodeWord } from 'nodemailer/lib/mime-funcs'
import type { Mail } from './mail.ts'

/** Between whom a mail goes, as the server is told: domains in letters of ASCII where the local part is (RFC 5890), and quoted where it must be. */
export interface Envelope {
  readonly from: string
  readonly to: readonly [string]
  /** Bytes of the mail (RFC 1870). */
  readonly size: number
}

/** The bytes of a mail as they go on the wire, dots not yet doubled: text, HTML beside it, and the JSON attached. */
export async function composed(mail: Mail): Promise<{ raw: Buffer; envelope: Envelope }> {
  const node = new MailComposer(optionsOf(mail)).compile()
  const { from, to } = node.setEnvelope({ from: mail.from, to: [mail.to] }).getEnvelope()
  const raw = await node.build()
  return { raw, envelope: { from: from || '', to: [to[0] ?? ''], size: raw.length } }
}

const optionsOf = ({ messageId, date, from, to, subject, headers, text, html, json, boundary }: Mail): MailComposerOptions => ({
  messageId, date, from, to: [to], text, html,
  ...(subject.includes('=?') ? { headers: { ...headers, Subject: literal(subject) } } : { subject, headers }),
  attachments: [{ filename: 'notification.json', content: json, contentType: 'application/json', contentTransferEncoding: 'base64' }],
  // Texts in lines of 76 ASCII characters, whatever is in them.
  encoding: 'quoted-printable',
  newline: 'win',
  baseBoundary: boundary,
  disableFileAccess: true,
  disableUrlAccess: true,
})

/** A subject that looks encoded (RFC 2047) is encoded once more, or a client would show something else than was published. */
const literal = (subject: string) => ({ prepared: true, foldLines: true, value: encodeWord(subject, 'B', 52) })
