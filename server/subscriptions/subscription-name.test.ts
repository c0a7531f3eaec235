import { expect, test } from 'vitest'
import { NewSubscription } from '@tidings/contract/subscription.ts'
import { createValidator } from '@tidings/contract/validate.ts'
import fc from 'fast-check'
import { generateName } from './subscription-name.ts'

const PARTS = {
  jwtUser: 'jobs',
  owner: 'jdoe',
  tenant: 'dev',
  subjectFilter: 'ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007',
}

test('the template of the original, with the subject cut at 40 and ALL for every subject', () => {
  expect(generateName(PARTS, () => 0)).toBe('jobs~jdoe~dev~ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007~AAAA')
  expect(generateName({ ...PARTS, subjectFilter: 'x'.repeat(41) }, (below) => below - 1)).toBe(
    `jobs~jdoe~dev~${'x'.repeat(40)}~9999`,
  )
  expect(generateName({ ...PARTS, subjectFilter: '*' }, () => 1)).toBe('jobs~jdoe~dev~ALL~BBBB')
})

test('a user name that looks like a mail address stays as it is, except as the first character', () => {
  expect(generateName({ ...PARTS, owner: 'jdoe@example.org' }, () => 0)).toBe(
    'jobs~jdoe@example.org~dev~ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007~AAAA',
  )
  expect(generateName({ ...PARTS, jwtUser: '@jobs' }, () => 0)).toMatch(/^xjobs~jdoe~/)
})

test('whatever the name is made of, protocol 3.2 accepts it', () => {
  const check = createValidator(NewSubscription)
  // Half a surrogate pair too. The library's unit `binary` takes two seconds to build.
  const character = fc.integer({ min: 0, max: 0x10ffff }).map((codePoint) => String.fromCodePoint(codePoint))
  const text = fc.string({ unit: character, maxLength: 150 })
  fc.assert(
    fc.property(text, text, text, text, (jwtUser, owner, tenant, subjectFilter) => {
      const name = generateName({ jwtUser, owner, tenant, subjectFilter })
      expect(
        check({
          name,
          typeFilter: 'a.b.c',
          subjectFilter: 'x',
          deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: 'a@b' }],
        }).kind,
      ).toBe('valid')
    }),
  )
})
