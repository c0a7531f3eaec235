import { expect, test } from 'vitest'
import { limitOf } from './open-files.ts'

test('the soft limit is read; where it is absent or unlimited, there is none', () => {
  const line = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             5                    6                    processes \nMax open files            ${soft}                 1048576              files     \n`
  expect([line('1024'), line('unlimited'), ''].map(limitOf)).toEqual([1024, Infinity, Infinity])
})
