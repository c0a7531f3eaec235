/** Jobs' own limit for addresses; keeps what is stored and logged in bounds. */
const MAX_ADDRESS = 2048
/** Local part, @ and domain at their longest (RFC 5321 4.5.3.1). */
const MAX_MAIL_BYTES = 320
/** Of a name, and of each part between its dots (RFC 1035 2.3.4). */
const MAX_HOST = 253
const MAX_LABEL = 63

/** Where a webhook goes, or why no setting whatever could let one go there. The fault follows the name of the member. */
export type WebAddress =
  | { readonly kind: 'address'; readonly url: URL; readonly credentials: Credentials | undefined }
  | { readonly kind: 'fault'; readonly reason: 'bad_address' | 'bad_credentials'; readonly fault: string }

/** Of a URL, decoded. */
export interface Credentials {
  readonly user: string
  readonly password: string
}

/**
 * Reads an address for webhooks: any absolute http or https URL with a host that can exist, a port that can be connected to
 * and, if it has credentials, such as Basic authorization can carry (RFC 7617). Private addresses too: what may be reached is
 * decided when sending. Asked when a subscription is made, and again when it is sent to.
 */
export function readWebAddress(address: string): WebAddress {
  const bad = (fault: string) => ({ kind: 'fault', reason: 'bad_address', fault }) as const
  const fault = textFault(address)
  if (fault !== undefined) return bad(fault)
  // The URL class alone would take `http:host`, `http:///host`, backslashes and blanks.
  const url = /^https?:\/\/[^/?#\\\s][^\s\\]*$/i.test(address) && URL.canParse(address) ? new URL(address) : undefined
  if (!url) return bad('is not an absolute http or https URL with a host')
  if (url.port === '0') return bad('has the port 0, to which nobody can connect')
  if (!url.hostname.startsWith('[') && !isHostName(url.hostname)) return bad('has a host that no name server can know')
  return readCredentials(url)
}

function readCredentials(url: URL): WebAddress {
  const bad = (fault: string) => ({ kind: 'fault', reason: 'bad_credentials', fault }) as const
  if (url.username === '' && url.password === '') return { kind: 'address', url, credentials: undefined }
  const [user, password] = [decoded(url.username), decoded(url.password)]
  if (user === undefined || password === undefined) return bad('has credentials with a % that is no escaped UTF-8; a % itself is written %25')
  if (user.includes(':')) return bad('has a user name with a colon, which Basic authorization cannot carry')
  return { kind: 'address', url, credentials: { user, password } }
}

/**
 * Why a mail to this address would reach nobody, or somebody else, whatever the mail server, if so. The local part may be
 * anything on one line: what needs quotes is sent in quotes. Whether a server takes 8-bit local parts or very long ones is
 * for the server to say.
 */
export function mailAddressFault(address: string): string | undefined {
  const fault = textFault(address)
  if (fault !== undefined) return fault
  if (new TextEncoder().encode(address).length > MAX_MAIL_BYTES) return `is longer than ${MAX_MAIL_BYTES} bytes`
  // If any @ divides the text into two parts, then so does the last one that is not its end.
  const at = address.lastIndexOf('@', address.length - 2)
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)]
  if (at < 1 || /^\s|\s$|[\u2028\u2029]/.test(local) || /\s/.test(domain)) return 'is not an e-mail address'
  if (/[<>]/.test(address)) return 'has angle brackets; it must be the address alone, without a name'
  if (isList(local)) return 'is a list; each address is a target of its own'
  return isMailDomain(domain) ? undefined : 'has a domain that cannot exist'
}

/** Why a text is no address of any kind. */
function textFault(address: string): string | undefined {
  if (address.length > MAX_ADDRESS) return `is longer than ${MAX_ADDRESS} characters`
  if (address.includes('\0')) return 'has a NUL character'
  if (/\p{Cs}/u.test(address)) return 'has half a surrogate pair'
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

/** Not in quotes, and one address has already ended. */
const isList = (local: string) => !/^".*"$/.test(local) && /@[^@]*[,;]/.test(local)

/** A literal in brackets, or a name without what separates addresses (RFC 5322 3.2.3, specials). */
const isMailDomain = (domain: string) => /^\[[^[\]]+\]$/.test(domain) || (!/[()[\]:;,\\"@/]/.test(domain) && isHostName(domain))

function isHostName(name: string): boolean {
  const bare = name.replace(/\.$/, '')
  return bare.length <= MAX_HOST && bare.split('.').every((label) => label !== '' && label.length <= MAX_LABEL)
}
