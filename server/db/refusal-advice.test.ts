import { expect, test } from 'vitest'
import { isPermanentRefusal, refusalText } from './refusal-advice.ts'

const URL_OF_ME = 'postgres://me%40x:s3cret@db:5432/mine'
const refusal = (message: string, code = '28000') => Object.assign(new Error(message), { code })

test.each([
  ['database "mine" does not exist', `create database "mine" owner "me@x" encoding 'UTF8' template template0;`],
  ['database "a"b" does not exist', `create database "a""b" owner "me@x" encoding 'UTF8' template template0;`],
  ['role "me@x" does not exist', `create role "me@x" login password '...';`],
  ['password authentication failed for user "me@x"', `there is no such role: create role "me@x" login password '...';`],
  ['permission denied for database "mine"', 'grant connect on database "mine" to "me@x";'],
  ['no pg_hba.conf entry for host "10.0.0.1", user "me@x", database "mine", no encryption', '?sslmode=require'],
])('%s: what to do about it', (message, advice) => {
  const words = refusalText(refusal(message), URL_OF_ME)
  expect(words.startsWith(message)).toBe(true)
  expect(words).toContain(advice)
  expect(words).not.toContain('s3cret')
})

test('other messages of a server stay as they are; a failure that may pass is no rejection', () => {
  expect(refusalText(refusal('role "me" is not permitted to log in'), URL_OF_ME)).toBe(
    'role "me" is not permitted to log in',
  )
  expect(
    ['28000', '28P01', '3D000', '42501', '57P03', '53300', '08006'].map((code) =>
      isPermanentRefusal(refusal('x', code)),
    ),
  ).toEqual([true, true, true, true, false, false, false])
  expect(
    refusalText(refusal('database "mine" does not exist', '3D000'), 'postgres:///mine?host=/run/postgresql'),
  ).toContain('owner <user> ')
})
