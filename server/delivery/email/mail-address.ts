import { mailAddressViolation } from '@tidings/contract/delivery-address.ts'

/**
 * Returns whether a mail can be sent to exactly this address. Checked again although creating a subscription checks it:
 * rows may be older than the rule.
 */
export const isMailAddress = (address: string) => mailAddressViolation(address) === undefined

/** Returns the domain of a valid address, what follows its last @, so that mails to one domain can be counted. */
export const domainOf = (address: string) =>
  address
    .slice(address.lastIndexOf('@') + 1)
    .toLowerCase()
    .replace(/\.$/, '')
