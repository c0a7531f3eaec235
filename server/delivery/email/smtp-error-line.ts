import { isObject } from '@tidings/contract/is-object.ts'
import type { MailServer } from '../../config/config.ts'

/** Characters of a server's reply in the log. */
const MAX_LOGGED_LENGTH = 500
const HIDDEN = '[redacted]'

export interface SmtpErrorLine {
  readonly message: string
  readonly code?: unknown
  readonly command?: unknown
  readonly responseCode?: unknown
}

/**
 * Returns what the log may show of nodemailer's error. Its members quote the server, and a server may repeat the login
 * that it got, in clear text or in base64 (RFC 4954 4). Pure.
 */
export function smtpErrorLine(error: unknown, login: MailServer['login']): SmtpErrorLine {
  const message = error instanceof Error ? error.message : String(error)
  const member = (name: 'code' | 'command' | 'responseCode'): unknown => (isObject(error) ? error[name] : undefined)
  const line = { code: member('code'), command: member('command'), responseCode: member('responseCode') }
  return { message: redactLogin(message, login).slice(0, MAX_LOGGED_LENGTH), ...line }
}

/** Returns the text without user name and password, and without base64 that contains one of them. */
export function redactLogin(text: string, login: MailServer['login']): string {
  if (!login) return text
  const secrets = [login.password, login.user].filter((secret) => secret !== '')
  const spelt = [...secrets, ...encoded(login)].map((secret) =>
    secret.replace(/[^\p{L}\p{N}]/gu, (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`),
  )
  const plain = text.replace(new RegExp(spelt.join('|'), 'giu'), HIDDEN)
  return plain.replace(/[A-Za-z0-9+/_-]{2,}={0,2}/g, (word) => (containsSecret(word, secrets) ? HIDDEN : word))
}

/**
 * Returns the forms that AUTH PLAIN and AUTH LOGIN send: some servers repeat a command in capitals, which cannot be
 * decoded.
 */
const encoded = ({ user, password }: NonNullable<MailServer['login']>) =>
  [`\0${user}\0${password}`, user, password]
    .map((secret) => Buffer.from(secret).toString('base64').replace(/=+$/, ''))
    .filter((secret) => secret.length >= 4)

/** Decodes from each of the first four characters: the secret need not start at the boundary of a base64 group. */
const containsSecret = (word: string, secrets: readonly string[]) =>
  [0, 1, 2, 3].some((from) => {
    const decoded = Buffer.from(word.slice(from), 'base64')
    return secrets.some((secret) => decoded.includes(secret))
  })
