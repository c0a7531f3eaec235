import MailComposer, { type MailComposerOptions } from 'nodemailer/lib/mail-composer'
import { encodeWord } from 'nodemailer/lib/mime-funcs'
import type { Mail } from './mail.ts'

/**
 * The SMTP envelope of a mail: the addresses as the server gets them. Domains are in their ASCII form if the local part
 * is ASCII (RFC 5890), and local parts are quoted if necessary.
 */
export interface MailEnvelope {
  readonly from: string
  readonly to: readonly [string]
  /** Size of the mail in bytes (RFC 1870). */
  readonly size: number
}

/** Returns the bytes of a mail as sent, before dot-stuffing: text and HTML as alternatives, and the JSON attached. */
export async function composeMail(mail: Mail): Promise<{ raw: Buffer; envelope: MailEnvelope }> {
  const node = new MailComposer(optionsOf(mail)).compile()
  const { from, to } = node.setEnvelope({ from: mail.from, to: [mail.to] }).getEnvelope()
  const raw = await node.build()
  return { raw, envelope: { from: from || '', to: [to[0] ?? ''], size: raw.length } }
}

const optionsOf = ({
  messageId,
  date,
  from,
  to,
  subject,
  headers,
  text,
  html,
  json,
  boundary,
}: Mail): MailComposerOptions => ({
  messageId,
  date,
  from,
  to: [to],
  text,
  html,
  ...(subject.includes('=?') ? { headers: { ...headers, Subject: literal(subject) } } : { subject, headers }),
  attachments: [
    {
      filename: 'notification.json',
      content: json,
      contentType: 'application/json',
      contentTransferEncoding: 'base64',
    },
  ],
  // Lines of at most 76 ASCII characters, whatever the text.
  encoding: 'quoted-printable',
  newline: 'win',
  baseBoundary: boundary,
  disableFileAccess: true,
  disableUrlAccess: true,
})

/**
 * Encodes a subject that looks encoded already (RFC 2047), or clients would decode it and show something that was not
 * published.
 */
const literal = (subject: string) => ({ prepared: true, foldLines: true, value: encodeWord(subject, 'B', 52) })
