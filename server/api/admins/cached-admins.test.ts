import { expect, test } from 'vitest'
import { createCachedAdmins } from './cached-admins.ts'

/** Answers by hand, with a clock by hand. */
function start() {
  const asked: string[] = []
  let answer: (tenant: string, user: string) => Promise<boolean> = (_, user) => Promise.resolve(user === 'boss')
  let nowMs = 0
  const admins = createCachedAdmins(
    {
      isAdmin(tenant, user) {
        asked.push(`${user}@${tenant}`)
        return answer(tenant, user)
      },
    },
    { monotonicMs: () => nowMs },
  )
  return {
    admins,
    asked,
    advance: (ms: number) => {
      nowMs += ms
    },
    answerWith: (next: typeof answer) => {
      answer = next
    },
  }
}

test.each([
  ['boss', true],
  ['eve', false],
])('whether %s is an administrator (%s) is remembered for 60 s from the request on', async (user, isAdmin) => {
  const { admins, asked, advance } = start()
  expect(await admins.isAdmin('dev', user)).toBe(isAdmin)
  advance(59_999)
  expect(await admins.isAdmin('dev', user)).toBe(isAdmin)
  expect(asked).toHaveLength(1)
  advance(1)
  expect(await admins.isAdmin('dev', user)).toBe(isAdmin)
  expect(asked).toHaveLength(2)
})

test('what is known of one user says nothing about another user or tenant', async () => {
  const { admins, asked, answerWith } = start()
  answerWith((tenant, user) => Promise.resolve(tenant === 'dev' && user === 'boss'))
  const pairs = [
    ['dev', 'boss'],
    ['other', 'boss'],
    ['dev', 'eve'],
    ['de', 'vboss'],
    ['dev","boss', ''],
    ['dev', '\ud800'],
    ['dev', '\udfff'],
  ] as const
  expect(await Promise.all(pairs.map(([tenant, user]) => admins.isAdmin(tenant, user)))).toEqual([
    true,
    ...Array<boolean>(6).fill(false),
  ])
  expect(asked).toHaveLength(pairs.length)
})

test('simultaneous equal questions are asked once', async () => {
  const { admins, asked } = start()
  expect(await Promise.all(Array.from({ length: 50 }, () => admins.isAdmin('dev', 'boss')))).toEqual(
    Array(50).fill(true),
  )
  expect(asked).toHaveLength(1)
})

test('failures are not remembered: all who wait fail, and the next question is asked', async () => {
  const { admins, asked, answerWith } = start()
  answerWith(() => Promise.reject(new Error('away')))
  const waiting = await Promise.allSettled([admins.isAdmin('dev', 'boss'), admins.isAdmin('dev', 'boss')])
  expect(waiting.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(asked).toHaveLength(1)
  answerWith(() => Promise.resolve(true))
  expect(await admins.isAdmin('dev', 'boss')).toBe(true)
})

test('a cached result does not last longer because there is no new one', async () => {
  const { admins, advance, answerWith } = start()
  expect(await admins.isAdmin('dev', 'boss')).toBe(true)
  answerWith(() => Promise.reject(new Error('away')))
  advance(60_000)
  await expect(admins.isAdmin('dev', 'boss')).rejects.toThrow('away')
})
