import { SUBSCRIPTION_MEMBERS, type Subscription } from '@tidings/contract/subscription.ts'

const SUMMARY = ['owner', 'name', 'typeFilter', 'subjectFilter'] as const

type Member = (typeof SUBSCRIPTION_MEMBERS)[number]

/**
 * Returns the members that `select` names: a comma-separated list of members, `allAttributes`, `summaryAttributes`. The
 * name is always among them; unknown words are ignored (protocol 3.4).
 */
export function selectedMembers(select: string): readonly Member[] {
  const words = select.split(/(?<!\\),/).map((word) => word.trim())
  if (words.includes('allAttributes')) return SUBSCRIPTION_MEMBERS
  const chosen: Member[] = [...(words.includes('summaryAttributes') ? SUMMARY : []), ...words.filter(isMember)]
  return [...new Set(chosen.includes('name') ? chosen : ['name' as const, ...chosen])]
}

/** Returns these members, in this order. */
export const withMembers = (subscription: Subscription, members: readonly Member[]): Partial<Subscription> =>
  Object.fromEntries(members.map((member) => [member, subscription[member]]))

export const selectMembers = (subscription: Subscription, select: string): Partial<Subscription> =>
  withMembers(subscription, selectedMembers(select))

const isMember = (word: string): word is Member => SUBSCRIPTION_MEMBERS.some((member) => member === word)
