import type { MailServer } from '../../config.ts'

/** Of a server's words in the log. */
const MOST_LOGGED = 500
const HIDDEN = '[redacted]'

export interface SmtpErrorLine {
  readonly message: string
  readonly code?: unknown
  readonly command?: unknown
  readonly responseCode?: unknown
}

/**
 * What the log may say of an error of nodemailer, whose message and other members carry what the server said: a server may
 * repeat a login that it was sent, as it is or in base64 (RFC 4954 4). Pure.
 */
export function smtpErrorLine(error: unknown, login: MailServer['login']): SmtpErrorLine {
  const message = error instanceof Error ? error.message : String(error)
  const member = (name: 'code' | 'command' | 'responseCode'): unknown => (typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined)
  const line = { code: member('code'), command: member('command'), responseCode: member('responseCode') }
  return { message: withoutLogin(message, login).slice(0, MOST_LOGGED), ...line }
}

/** The text without name and password, and without anything that is base64 with one of them in it. */
export function withoutLogin(text: string, login: MailServer['login']): string {
  if (!login) return text
  const secrets = [login.password, login.user].filter((secret) => secret !== '')
  const spelt = [...secrets, ...encoded(login)].map((secret) => secret.replace(/[^\p{L}\p{N}]/gu, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`))
  const plain = text.replace(new RegExp(spelt.join('|'), 'giu'), HIDDEN)
  return plain.replace(/[A-Za-z0-9+/_-]{2,}={0,2}/g, (word) => (tellsOf(word, secrets) ? HIDDEN : word))
}

/** As sent with AUTH PLAIN and AUTH LOGIN: some servers repeat a command in capitals, where nothing could be decoded. */
const encoded = ({ user, password }: NonNullable<MailServer['login']>) =>
  [`\0${user}\0${password}`, user, password].map((secret) => Buffer.from(secret).toString('base64').replace(/=+$/, '')).filter((secret) => secret.length >= 4)

/** A word may begin in the middle of a group of four, behind something that belongs to it or not. */
const tellsOf = (word: string, secrets: readonly string[]) =>
  [0, 1, 2, 3].some((from) => {
    const decoded = Buffer.from(word.slice(from), 'base64')
    return secrets.some((secret) => decoded.includes(secret))
  })
