import { storageFault } from '../../db/storable-text.ts'

/** Jobs' own limit for addresses; keeps what is stored and logged in bounds. */
const MAX_ADDRESS = 2048

/**
 * Why notifications cannot be sent to this address, if so: any absolute http or https URL with a host is accepted,
 * private ones too (what may be reached is decided when sending), and any e-mail address with something on both sides
 * of an @ (contract 3.2).
 */
export function addressFault(method: string, address: string): string | undefined {
  if (address.length > MAX_ADDRESS) return `is longer than ${MAX_ADDRESS} characters`
  const fault = storageFault(address)
  if (fault !== undefined) return fault
  if (/\p{Cc}/u.test(address)) return 'has a control character'
  if (method === 'WEBHOOK') return isWebAddress(address) ? undefined : 'is not an absolute http or https URL with a host'
  if (method === 'EMAIL') return isMailAddress(address) ? undefined : 'is not an e-mail address'
  return undefined
}

// The URL class alone would take `http:host`, `http:///host`, backslashes and blanks.
const isWebAddress = (address: string) => /^https?:\/\/[^/?#\\\s][^\s\\]*$/i.test(address) && URL.canParse(address)

/** `^(.+)@(\S+)$` without its quadratic time: if any @ divides the text so, then so does the last one that is not its end. */
function isMailAddress(address: string): boolean {
  const at = address.lastIndexOf('@', address.length - 2)
  return at > 0 && !/\s/.test(address.slice(at + 1)) && !/[\u2028\u2029]/.test(address.slice(0, at))
}
