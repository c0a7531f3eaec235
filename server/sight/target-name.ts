import type { TargetName } from '@tidings/contract/sight.ts'

export interface TargetRow {
  readonly method: string
  readonly address: string
  readonly addressKey: string
}

/**
 * Returns a target as this reader may see it. An address may be a secret (a token in its path or query), so only the
 * owner of the subscription sees it whole. The id is a hash of it.
 */
export const targetName = (
  { method, address, addressKey }: TargetRow,
  owner: string,
  reader: string | undefined,
): TargetName => ({
  id: addressKey,
  deliveryMethod: method,
  deliveryAddress: reader === owner ? address : null,
  origin: method === 'EMAIL' ? mailDomain(address) : webOrigin(address),
})

const mailDomain = (address: string) => `@${address.slice(address.lastIndexOf('@') + 1)}`

/** Without a user name and a password. */
const webOrigin = (address: string) => (URL.canParse(address) ? new URL(address).origin : 'unknown')
