import type { SMTPPoolOptions } from 'nodemailer/lib/smtp-pool'
import type { MailServer } from '../../config.ts'

export interface SmtpLimits {
  readonly connections: number
  /** From the name look-up to the greeting, and the same again for STARTTLS. */
  readonly connectMs: number
  /** Between two answers of the server. */
  readonly silenceMs: number
  /** For one attempt, all of it. */
  readonly totalMs: number
  /** A connection without mail is closed after this, before most servers do it. */
  readonly idleMs: number
}

export const SMTP_LIMITS: SmtpLimits = { connections: 10, connectMs: 10_000, silenceMs: 30_000, totalMs: 30_000, idleMs: 30_000 }

/** A server that says more in one answer says nothing that is of use. */
const MOST_ANSWERED = 16 * 1024

export interface PoolParts {
  readonly server: MailServer
  readonly limits: SmtpLimits
  /** Certificates that are trusted instead of the usual ones. */
  readonly ca?: string | undefined
}

/**
 * How to speak to the mail server.
 *
 * | security      | encryption                                   | certificate                      | login               |
 * |---------------|----------------------------------------------|----------------------------------|---------------------|
 * | none          | never                                        |                                  | sent all the same   |
 * | opportunistic | STARTTLS where offered; with a login, always | any; with a login, a trusted one | only when encrypted |
 * | starttls      | STARTTLS, or no mail                         | a trusted one                    | only when encrypted |
 * | tls           | from the first byte                          | a trusted one                    | only when encrypted |
 *
 * Opportunistic without a login takes any certificate, for it would also take none (RFC 7435): refusing the self-signed
 * one that many a relay brings along would leave such a site with no mail, or with `none`.
 */
export function poolOptions({ server, limits, ca }: PoolParts): SMTPPoolOptions {
  const { host, port, security, login } = server
  const mustEncrypt = security === 'starttls' || (security === 'opportunistic' && login !== undefined)
  return {
    host, port,
    secure: security === 'tls',
    ignoreTLS: security === 'none',
    requireTLS: mustEncrypt,
    opportunisticTLS: security === 'opportunistic' && !mustEncrypt,
    tls: { rejectUnauthorized: security !== 'opportunistic' || mustEncrypt, ...(ca !== undefined && { ca }) },
    ...(login && { auth: { user: login.user, pass: login.password } }),
    maxConnections: limits.connections,
    // An idle connection that the server has closed costs no attempt: nothing was sent over it, so the mail takes another.
    maxRequeues: 1,
    idleTimeout: limits.idleMs,
    connectionTimeout: limits.connectMs,
    greetingTimeout: limits.connectMs,
    dnsTimeout: limits.connectMs,
    socketTimeout: limits.silenceMs,
    maxResponseSize: MOST_ANSWERED,
    // Cut connections are cut: none lingers, and none keeps the process.
    socketCloseTimeout: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}
