import { expect, test } from 'vitest'
import { ruleViolations } from './rule-violations.ts'

const TARGET = { deliveryMethod: 'WEBHOOK', deliveryAddress: 'ftp://example.org/' }

test('schema violations come first and have the code of schemas; broken rules have the given code', () => {
  const members = { description: '\0', deliveryTargets: [TARGET, TARGET, { ...TARGET, deliveryMethod: 'EMAIL' }] }
  const violations = ruleViolations(members, { maxTargets: 1, code: 'NTFAPI_SUBSCR_UPDATE_ERROR' })
  expect(violations.map(({ code, text }) => `${code} ${text.split(' ')[0] ?? ''}`)).toEqual([
    'TAPIS_JSON_VALIDATION_ERROR /deliveryTargets',
    'NTFAPI_SUBSCR_UPDATE_ERROR /description',
    'NTFAPI_SUBSCR_UPDATE_ERROR /deliveryTargets/0/deliveryAddress',
    'NTFAPI_SUBSCR_UPDATE_ERROR /deliveryTargets/1/deliveryAddress',
    'NTFAPI_SUBSCR_UPDATE_ERROR /deliveryTargets/2/deliveryAddress',
    'NTFAPI_SUBSCR_UPDATE_ERROR /deliveryTargets',
  ])
})

test('members that are absent or of a wrong type are left to the schema', () => {
  const options = { maxTargets: 1, code: 'NTFAPI_CREATE_INVALID_ERRORLIST' } as const
  expect(ruleViolations({}, options)).toEqual([])
  expect(ruleViolations({ description: 1, deliveryTargets: [1, { deliveryMethod: 2 }].slice(1) }, options)).toEqual([])
})
