/** What the server replies to a mail: yes; no, every time; not now, the first times. */
export type MailOutcome = 'taken' | 'refused' | 'delayed'

export interface PlannedMail {
  readonly number: number
  readonly address: string
  readonly outcome: MailOutcome
  /** Where it is rejected or delayed: by its recipient, together with all others of that address, or by its text. */
  readonly stage: 'recipient' | 'message'
}

/**
 * Of 40 addresses one is rejected and one is delayed; of 40 mails of every other address as well: 5 % each, together.
 */
const ONE_IN = 40

/** Mails to this many addresses, round-robin. Mail n of an address is in the series of that address. */
export function planMails(count: number, addresses: number): PlannedMail[] {
  return Array.from({ length: count }, (_, number) => {
    const recipient = number % addresses
    const ofAddress = outcomeOf(recipient)
    const address = `r${recipient}@example.org`
    if (ofAddress !== 'taken') return { number, address, outcome: ofAddress, stage: 'recipient' }
    return {
      number,
      address,
      outcome: outcomeOf(Math.floor(number / addresses) * 7 + recipient * 11),
      stage: 'message',
    }
  })
}

function outcomeOf(index: number): MailOutcome {
  if (index % ONE_IN === 7) return 'refused'
  return index % ONE_IN === 23 ? 'delayed' : 'taken'
}

/** The mails of each address, in their order. */
export function byAddress(plan: readonly PlannedMail[]): Map<string, PlannedMail[]> {
  const mails = new Map<string, PlannedMail[]>()
  for (const mail of plan) mails.set(mail.address, [...(mails.get(mail.address) ?? []), mail])
  return mails
}
