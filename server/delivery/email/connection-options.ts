import type { SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection'
import type { MailServer } from '../../config.ts'

/** A server that says more in one answer says nothing that is of use. */
const MOST_ANSWERED = 16 * 1024
/** nodemailer's own limits, beyond all of ours: it has none for the single waits of a session (session-clock.ts). */
const BEYOND_MS = 60 * 60 * 1000

export interface ConnectionParts {
  readonly server: MailServer
  /** Certificates that are trusted instead of the usual ones. */
  readonly ca?: string | undefined
  /** Encryption is optional and has failed: not tried again over this connection. */
  readonly isPlain: boolean
}

/**
 * How to speak to the mail server.
 *
 * | security      | encryption                                   | certificate, versions                            | login               |
 * |---------------|----------------------------------------------|--------------------------------------------------|---------------------|
 * | none          | never                                        |                                                  | sent all the same   |
 * | opportunistic | STARTTLS where offered; with a login, always | any, TLS 1.0 or newer; with a login, as the next | only when encrypted |
 * | starttls      | STARTTLS, or no mail                         | a trusted one, TLS 1.2 or newer                  | only when encrypted |
 * | tls           | from the first byte                          | a trusted one, TLS 1.2 or newer                  | only when encrypted |
 *
 * Opportunistic without a login takes any certificate and what else the server can do, for it would also take no encryption
 * (RFC 7435): where the handshake fails all the same, mails go out without it (`isPlain`).
 */
export function connectionOptions({ server, ca, isPlain }: ConnectionParts): SMTPConnectionOptions {
  const { host, port, security } = server
  const takesAny = mayGoPlain(server)
  return {
    host, port,
    secure: security === 'tls',
    ignoreTLS: security === 'none' || isPlain,
    requireTLS: security === 'starttls' || (security === 'opportunistic' && !takesAny),
    opportunisticTLS: takesAny,
    tls: {
      rejectUnauthorized: !takesAny,
      // Security level 0: below it OpenSSL 3 speaks no TLS 1.0, and takes no short keys.
      ...(takesAny && { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
      ...(ca !== undefined && { ca }),
    },
    connectionTimeout: BEYOND_MS,
    greetingTimeout: BEYOND_MS,
    socketTimeout: BEYOND_MS,
    maxResponseSize: MOST_ANSWERED,
    // Cut connections are cut: none lingers, and none keeps the process.
    socketCloseTimeout: 0,
  }
}

/** Whether a mail may go out unencrypted where encryption fails. A login never does. */
export const mayGoPlain = ({ security, login }: MailServer) => security === 'opportunistic' && login === undefined
