import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

test('a quota is for every tenant, for those that are named, or both', () => {
  const quotasOf = (text: string) => readConfig({ TIDINGS_PUBLISH_QUOTA: text }).publishQuotas
  const quota = (perSecond: number, burst = perSecond) => ({ perSecond, burst })
  expect(quotasOf('200/s')).toEqual({ ofTenant: new Map(), ofOthers: quota(200) })
  expect(quotasOf(' dev=200/s:1000, 5/s ,a.b-c=1/s')).toEqual({
    ofTenant: new Map([
      ['dev', quota(200, 1000)],
      ['a.b-c', quota(1)],
    ]),
    ofOthers: quota(5),
  })
})

test.each([
  '200',
  '0/s',
  '-1/s',
  '1.5/s',
  '1/s:0',
  '200/m',
  '1/s,',
  'dev=',
  '=1/s',
  'a b=1/s',
  '1/s,2/s',
  'a=1/s,a=1/s',
])('%s is no quota', (text) =>
  expect(() => readConfig({ TIDINGS_PUBLISH_QUOTA: text })).toThrow('- TIDINGS_PUBLISH_QUOTA: '),
)
