/** How long the mail server may take, in ms. Each limit starts again with each wait of its kind. */
export interface SmtpLimits {
  /** From the name look-up to the open TCP connection. */
  readonly connectMs: number
  /** For the reply to STARTTLS, and for the TLS handshake. */
  readonly tlsMs: number
  readonly greetingMs: number
  /** For the reply to EHLO, AUTH, MAIL and RCPT. */
  readonly commandMs: number
  /** For the reply to DATA. */
  readonly dataMs: number
  /** For the server to take a block of the text. */
  readonly blockMs: number
  /** For the reply to the final dot. */
  readonly finalMs: number
  /** For everything before that dot together. */
  readonly untilFinalMs: number
  /** For RSET and QUIT, for which no mail waits. */
  readonly farewellMs: number
  /** An idle connection is closed after this, before most servers do it. */
  readonly idleMs: number
  /**
   * Where encryption is optional and a handshake has failed, mails go out unencrypted for this long before the next
   * try.
   */
  readonly plainMs: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND

/**
 * The limits of RFC 5321 4.5.3.2, where it has one. The last matters most: if the client gives up while the server has
 * the text, the server delivers the mail and gets it again.
 *
 * | RFC 5321          | wait for                 | at least |
 * |-------------------|--------------------------|----------|
 * | 4.5.3.2.1         | greeting                 | 5 min    |
 * | 4.5.3.2.2, .3     | MAIL, RCPT               | 5 min    |
 * | 4.5.3.2.4         | DATA                     | 2 min    |
 * | 4.5.3.2.5         | a block of the text      | 3 min    |
 * | 4.5.3.2.6         | the dot at its end       | 10 min   |
 */
export const SMTP_LIMITS: SmtpLimits = {
  connectMs: 10 * SECOND,
  tlsMs: 30 * SECOND,
  greetingMs: 5 * MINUTE,
  commandMs: 5 * MINUTE,
  dataMs: 2 * MINUTE,
  blockMs: 3 * MINUTE,
  finalMs: 10 * MINUTE,
  untilFinalMs: 20 * MINUTE,
  farewellMs: 10 * SECOND,
  idleMs: 30 * SECOND,
  plainMs: 10 * MINUTE,
}
