import type { Caller } from './auth/caller.ts'
import { shown } from './shown-text.ts'

/** `<CODE> <sentence>. jwtTenant: .. jwtUser: .. OboTenant: .. OboUser: .. Key: value` (contract 2.4). */
export function message(code: string, sentence: string, caller: Caller, details: Readonly<Record<string, string | number>> = {}): string {
  const pairs = Object.entries(details).map(([key, value]) => ` ${key}: ${shown(String(value))}`)
  return `${code} ${sentence}.${callerPairs(caller)}${pairs.join('')}`
}

/** Puts the caller's pairs behind the sentence of an error's message, where a success has them. */
export function withCaller(text: string, caller: Caller): string {
  return text.replace(/^.*?\.(?=[ \n]|$)/, (sentence) => sentence + callerPairs(caller))
}

const callerPairs = ({ jwtTenant, jwtUser, oboTenant, oboUser }: Caller) =>
  ` jwtTenant: ${shown(jwtTenant)} jwtUser: ${shown(jwtUser)} OboTenant: ${shown(oboTenant)} OboUser: ${shown(oboUser)}`
