import { SUBSCRIPTION_MEMBERS, type Subscription } from '@tidings/contract/subscription.ts'
import { expect, test } from 'vitest'
import { selectMembers } from './member-selection.ts'

const SUBSCRIPTION: Subscription = {
  tenant: 't',
  name: 'n',
  description: null,
  owner: 'o',
  enabled: false,
  typeFilter: 'a.b.c',
  subjectFilter: '*',
  deliveryTargets: [],
  ttlMinutes: 0,
  uuid: 'u',
  expiry: null,
  created: 'c',
  updated: 'd',
}

test.each([
  ['allAttributes,enabled', [...SUBSCRIPTION_MEMBERS]],
  ['summaryAttributes', ['owner', 'name', 'typeFilter', 'subjectFilter']],
  ['expiry,summaryAttributes,owner', ['owner', 'name', 'typeFilter', 'subjectFilter', 'expiry']],
  ['expiry, enabled', ['name', 'expiry', 'enabled']],
  ['enabled,name', ['enabled', 'name']],
  ['Enabled,constructor,__proto__,', ['name']],
])('select=%s keeps %j', (select, members) => {
  expect(Object.keys(selectMembers(SUBSCRIPTION, select))).toEqual(members)
})

test('values keep their types', () => {
  expect(selectMembers(SUBSCRIPTION, 'enabled,expiry,deliveryTargets')).toEqual({
    name: 'n',
    enabled: false,
    expiry: null,
    deliveryTargets: [],
  })
})
