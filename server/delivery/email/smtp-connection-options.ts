import type { SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection'
import type { MailServer } from '../../config/config.ts'

/** Limit for one reply of the server. */
const MAX_RESPONSE_BYTES = 16 * 1024
/**
 * nodemailer's own limits are set far beyond ours: it has none for the single waits of a session
 * (smtp-session-timer.ts).
 */
const NO_TIMEOUT_MS = 60 * 60 * 1000

export interface SmtpConnectionSettings {
  readonly server: MailServer
  /** Certificates (PEM) to trust instead of the default ones. */
  readonly ca?: string | undefined
  /** Encryption is optional and has failed: this connection does not try it. */
  readonly isPlaintext: boolean
}

/**
 * Returns nodemailer's options for a connection to the mail server.
 *
 * | security             | encryption            | certificate, versions   | login          |
 * |----------------------|-----------------------|-------------------------|----------------|
 * | none                 | never                 |                         | in clear text  |
 * | opportunistic        | STARTTLS if offered   | any, TLS 1.0 or newer   | there is none  |
 * | opportunistic, login | STARTTLS, or no mail  | trusted, TLS 1.2 or newer | only encrypted |
 * | starttls             | STARTTLS, or no mail  | trusted, TLS 1.2 or newer | only encrypted |
 * | tls                  | from the first byte   | trusted, TLS 1.2 or newer | only encrypted |
 *
 * Opportunistic without a login accepts any certificate and any cipher, because it would also accept no encryption
 * (RFC 7435): if the handshake fails nevertheless, mails go out unencrypted (`isPlaintext`).
 */
export function smtpConnectionOptions({ server, ca, isPlaintext }: SmtpConnectionSettings): SMTPConnectionOptions {
  const { host, port, security } = server
  const isOpportunistic = allowsPlaintext(server)
  return {
    host,
    port,
    secure: security === 'tls',
    ignoreTLS: security === 'none' || isPlaintext,
    requireTLS: security === 'starttls' || (security === 'opportunistic' && !isOpportunistic),
    opportunisticTLS: isOpportunistic,
    tls: {
      rejectUnauthorized: !isOpportunistic,
      // Above security level 0, OpenSSL 3 refuses TLS 1.0 and short keys.
      ...(isOpportunistic && { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
      ...(ca !== undefined && { ca }),
    },
    connectionTimeout: NO_TIMEOUT_MS,
    greetingTimeout: NO_TIMEOUT_MS,
    socketTimeout: NO_TIMEOUT_MS,
    maxResponseSize: MAX_RESPONSE_BYTES,
    // A closed connection is closed at once: none lingers, and none keeps the process alive.
    socketCloseTimeout: 0,
  }
}

/** Returns whether a mail may go out unencrypted if encryption fails. A login never does. */
export const allowsPlaintext = ({ security, login }: MailServer) => security === 'opportunistic' && login === undefined
