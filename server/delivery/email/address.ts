import { mailAddressFault } from '@tidings/contract/delivery-address.ts'

/** Whether a mail can be sent to exactly this address. Asked again although a creation has asked: rows may be older than the rule. */
export const isMailAddress = (address: string) => mailAddressFault(address) === undefined
