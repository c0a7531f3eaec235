import { randomInt } from 'node:crypto'

const MAX_NAME = 188
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

export interface NameInput {
  readonly jwtUser: string
  readonly owner: string
  readonly tenant: string
  readonly subjectFilter: string
}

/**
 * Generates a name for a subscription that came without one (protocol 3.2):
 * `<jwtUser>~<owner>~<tenant>~<subject>~<4 random characters>`, the subject cut at 40 characters, `ALL` for `*`.
 * Characters that a name cannot have become `_`.
 */
export function generateName(
  { jwtUser, owner, tenant, subjectFilter }: NameInput,
  random: (below: number) => number = randomInt,
): string {
  const subject = subjectFilter === '*' ? 'ALL' : Array.from(subjectFilter).slice(0, 40).join('')
  const stem = [jwtUser, owner, tenant, subject]
    .map((part) => part.replace(/[^a-zA-Z0-9._~@-]/gu, '_'))
    .join('~')
    .replace(/^[^a-zA-Z0-9]/, 'x')
  const tail = Array.from({ length: 4 }, () => ALPHABET[random(ALPHABET.length)]).join('')
  return `${stem.slice(0, MAX_NAME - tail.length - 1)}~${tail}`
}
