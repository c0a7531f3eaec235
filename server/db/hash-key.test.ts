import { expect, test } from 'vitest'
import { hashKey, hashUuid } from './hash-key.ts'

test('keys never change: series, addresses and uuids of Idempotency-Keys are stored under them', () => {
  expect(hashKey('dev', 'https://tapis.io/jobs', 'job-42', 'job-42')).toBe('5cd8e590-e0d4-126a-3352-1f38abd989e6')
  expect(hashKey('a', '', 'ü\u{1F600}')).toBe('b3204c81-f3e0-0a0a-12a6-bc9a48f56f0c')
  expect(hashKey('\ud800'), 'half of a surrogate pair').toBe('572afbed-e6db-bec5-1c11-b2c7e3e5d147')
  expect(hashKey()).toBe('e3b0c442-98fc-1c14-9afb-f4c8996fb924')
  expect(hashUuid('dev', 'jobs', 'key 1')).toBe('e21ccbaa-229f-8370-94d7-c519c60eff0a')
})

test('where one part ends makes a difference', () => {
  expect(hashKey('ab', 'c')).not.toBe(hashKey('a', 'bc'))
})
