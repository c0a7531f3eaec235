import { expect, test } from 'vitest'
import type { Claims } from './jwt.ts'
import { createVerifiedTokens } from './verified-tokens.ts'

const CLAIMS: Claims = {
  kind: 'claims',
  expiresAtS: 1,
  notBeforeS: undefined,
  tenantId: 'dev',
  tokenType: 'access',
  accountType: 'user',
  username: 'jdoe',
  isDelegated: false,
  delegationSub: undefined,
  targetSite: undefined,
}

test('a token is remembered within its generation of keys', () => {
  const tokens = createVerifiedTokens()
  tokens.put('a', 1, CLAIMS)
  expect(tokens.get('a', 1)).toEqual(CLAIMS)
  expect(tokens.get('b', 1)).toBeUndefined()
})

test('a new generation of keys forgets every token', () => {
  const tokens = createVerifiedTokens()
  tokens.put('a', 1, CLAIMS)
  expect(tokens.get('a', 2)).toBeUndefined()
  expect(tokens.size).toBe(0)
})

test('a verification that ends after its keys were replaced is not remembered', () => {
  const tokens = createVerifiedTokens()
  tokens.get('other', 2)
  tokens.put('a', 1, CLAIMS)
  expect([tokens.get('a', 1), tokens.get('a', 2)]).toEqual([undefined, undefined])
})

test('the number of tokens is bounded', () => {
  const tokens = createVerifiedTokens({ maxEntries: 3 })
  for (const token of 'abcdef') tokens.put(token, 1, CLAIMS)
  expect(tokens.size).toBe(3)
  expect(tokens.get('f', 1)).toBeDefined()
})

test('the bytes of tokens are bounded', () => {
  const tokens = createVerifiedTokens({ maxBytes: 100_000 })
  for (let n = 0; n < 50; n += 1) tokens.put(`${n}`.padEnd(10_000, 'x'), 1, CLAIMS)
  expect(tokens.size).toBe(4)
})
