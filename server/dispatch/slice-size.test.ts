import { expect, test } from 'vitest'
import { createSliceSize } from './slice-size.ts'

test('grows while slices are quick, to 500, and shrinks by half at a time when they take long, to 50', () => {
  const size = createSliceSize()
  const after = (tookMs: number) => {
    size.learn({ notifications: size.notifications, tookMs })
    return size.notifications
  }
  expect(size.notifications).toBe(50)
  expect([after(1), after(1), after(1), after(1), after(1)]).toEqual([100, 200, 400, 500, 500])
  expect([after(12), after(1000), after(1000), after(1000), after(1000)]).toEqual([417, 208, 104, 52, 50])
})

test('learns from a slice that was not full only that it took long', () => {
  const size = createSliceSize()
  size.learn({ notifications: 50, tookMs: 5 })
  expect(size.notifications).toBe(100)
  size.learn({ notifications: 10, tookMs: 1 })
  expect(size.notifications).toBe(100)
  size.learn({ notifications: 60, tookMs: 10 })
  expect(size.notifications).toBe(60)
})
