import { SUBSCRIPTION_MEMBERS, type Subscription } from '@tidings/contract/subscription.ts'

const SUMMARY = ['owner', 'name', 'typeFilter', 'subjectFilter'] as const

type Member = (typeof SUBSCRIPTION_MEMBERS)[number]

/**
 * Keeps the members that `select` names: a comma list of members, `allAttributes`, `summaryAttributes`. The name is
 * always among them; unknown words are passed over (contract 3.4).
 */
export function selectMembers(subscription: Subscription, select: string): Partial<Subscription> {
  const words = select.split(/(?<!\\),/).map((word) => word.trim())
  if (words.includes('allAttributes')) return subscription
  const chosen: Member[] = [...(words.includes('summaryAttributes') ? SUMMARY : []), ...words.filter(isMember)]
  const members = new Set(chosen.includes('name') ? chosen : ['name' as const, ...chosen])
  return Object.fromEntries([...members].map((member) => [member, subscription[member]]))
}

const isMember = (word: string): word is Member => SUBSCRIPTION_MEMBERS.some((member) => member === word)
