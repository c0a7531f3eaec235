import { mailAddressFault, readWebAddress } from '@tidings/contract/delivery-address.ts'

/** Why notifications can never be sent to this address, if so: what the sending stage would find (contract 3.2). */
export function addressFault(method: string, address: string): string | undefined {
  if (method === 'EMAIL') return mailAddressFault(address)
  if (method !== 'WEBHOOK') return undefined
  const read = readWebAddress(address)
  return read.kind === 'fault' ? read.fault : undefined
}
