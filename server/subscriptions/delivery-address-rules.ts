import { mailAddressViolation, parseWebAddress } from '@tidings/contract/delivery-address.ts'

/**
 * Returns why no notification can ever be sent to this address, as the delivery stage would find out (protocol 3.2);
 * undefined for a usable address.
 */
export function addressViolation(method: string, address: string): string | undefined {
  if (method === 'EMAIL') return mailAddressViolation(address)
  if (method !== 'WEBHOOK') return undefined
  const parsed = parseWebAddress(address)
  return parsed.kind === 'invalid' ? parsed.violation : undefined
}
