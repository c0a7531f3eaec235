/** Local part, @ and domain at their longest (RFC 5321 4.5.3.1). */
const MOST_BYTES = 320

/**
 * Whether a mail can be sent to exactly this address. What fails here was accepted when the subscription was made (the
 * Tapis rule is wider than mail), but would reach nobody, or somebody else: control characters and angle brackets are
 * what nodemailer would take out, and the rest would be another address.
 */
export const isMailAddress = (address: string) =>
  Buffer.byteLength(address) <= MOST_BYTES && /^\S(.*\S)?@\S+$/su.test(address) && !/[\p{Cc}\p{Cs}<>\u2028\u2029]/u.test(address)

/** Of an address that can be tried: what is behind its last @, so that mails to one domain can be counted. */
export const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1).toLowerCase().replace(/\.$/, '')
