/** The limit that Jobs has for addresses; bounds what is stored and logged. */
const MAX_ADDRESS = 2048
/** Local part, @ and domain at their longest (RFC 5321 4.5.3.1). */
const MAX_MAIL_BYTES = 320
/** The maximum for a name, and for each part between its dots (RFC 1035 2.3.4). */
const MAX_HOST = 253
const MAX_LABEL = 63

/** Where a webhook goes, or why no configuration could send one there. The violation follows the name of the member. */
export type WebAddress =
  | { readonly kind: 'address'; readonly url: URL; readonly credentials: Credentials | undefined }
  | { readonly kind: 'invalid'; readonly reason: 'bad_address' | 'bad_credentials'; readonly violation: string }

/** The credentials in a URL, decoded. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

/**
 * Parses an address for webhooks: any absolute http or https URL with a host that can exist, a port that accepts
 * connections and, if it has credentials, those that Basic authorization can carry (RFC 7617). Private addresses too:
 * the address guard decides when sending. Used when a subscription is created, and again before each delivery.
 */
export function parseWebAddress(address: string): WebAddress {
  const bad = (violation: string) => ({ kind: 'invalid', reason: 'bad_address', violation }) as const
  const violation = textViolation(address)
  if (violation !== undefined) return bad(violation)
  // The URL class alone would take `http:host`, `http:///host`, backslashes and blanks.
  const url = /^https?:\/\/[^/?#\\\s][^\s\\]*$/i.test(address) && URL.canParse(address) ? new URL(address) : undefined
  if (!url) return bad('is not an absolute http or https URL with a host')
  if (url.port === '0') return bad('has port 0, which nobody can connect to')
  if (!url.hostname.startsWith('[') && !isHostName(url.hostname)) return bad('has a host name that cannot exist')
  return readCredentials(url)
}

function readCredentials(url: URL): WebAddress {
  const bad = (violation: string) => ({ kind: 'invalid', reason: 'bad_credentials', violation }) as const
  if (url.username === '' && url.password === '') return { kind: 'address', url, credentials: undefined }
  const [user, password] = [decoded(url.username), decoded(url.password)]
  if (user === undefined || password === undefined)
    return bad('has credentials with a % that is not escaped UTF-8; write a % itself as %25')
  if (user.includes(':')) return bad('has a user name with a colon, which Basic authorization cannot carry')
  return { kind: 'address', url, credentials: { user, password } }
}

/**
 * Returns why a mail to this address would reach nobody, or somebody else, whatever the mail server; undefined when it
 * may arrive. The local part may be anything on one line: what needs quotes is sent in quotes. Whether a server accepts
 * 8-bit or very long local parts is left to the server.
 */
export function mailAddressViolation(address: string): string | undefined {
  const violation = textViolation(address)
  if (violation !== undefined) return violation
  if (new TextEncoder().encode(address).length > MAX_MAIL_BYTES) return `is longer than ${MAX_MAIL_BYTES} bytes`
  // If any @ divides the text into two parts, then so does the last one that is not its end.
  const at = address.lastIndexOf('@', address.length - 2)
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)]
  if (at < 1 || /^\s|\s$|[\u2028\u2029]/.test(local) || /\s/.test(domain)) return 'is not an e-mail address'
  if (/[<>]/.test(address)) return 'has angle brackets; it must be the address alone, without a name'
  if (isList(local)) return 'is a list; each address needs a target of its own'
  return isMailDomain(domain) ? undefined : 'has a domain that cannot exist'
}

/** Returns why a text is no address of any kind. */
function textViolation(address: string): string | undefined {
  if (address.length > MAX_ADDRESS) return `is longer than ${MAX_ADDRESS} characters`
  if (address.includes('\0')) return 'has a NUL character'
  if (/\p{Cs}/u.test(address)) return 'has an unpaired surrogate'
  return /\p{Cc}/u.test(address) ? 'has a control character' : undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** Whether an unquoted local part contains a complete address already. */
const isList = (local: string) => !/^".*"$/.test(local) && /@[^@]*[,;]/.test(local)

/** A literal in brackets, or a name without what separates addresses (RFC 5322 3.2.3, specials). */
const isMailDomain = (domain: string) =>
  /^\[[^[\]]+\]$/.test(domain) || (!/[()[\]:;,\\"@/]/.test(domain) && isHostName(domain))

function isHostName(name: string): boolean {
  const bare = name.replace(/\.$/, '')
  return bare.length <= MAX_HOST && bare.split('.').every((label) => label !== '' && label.length <= MAX_LABEL)
}
