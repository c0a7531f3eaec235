import { mailAddressFault } from '@tidings/contract/delivery-address.ts'

/** Whether a mail can be sent to exactly this address. Asked again although a creation has asked: rows may be older than the rule. */
export const isMailAddress = (address: string) => mailAddressFault(address) === undefined

/** Of an address that can be tried: what is behind its last @, so that mails to one domain can be counted. */
export const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1).toLowerCase().replace(/\.$/, '')
