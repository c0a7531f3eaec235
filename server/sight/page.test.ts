import { expect, test } from 'vitest'
import { pageOf } from './page.ts'

const row = (place: number, scanEnd: number | null = null) => ({
  place: [place],
  scanEnd: scanEnd === null ? null : [scanEnd],
})

test('a full page with more behind it ends with its last row', () => {
  expect(pageOf([row(1, 9), row(2, 9), row(3, 9)], 2)).toMatchObject({ rows: [row(1, 9), row(2, 9)], next: [2] })
})

test('a page with less than it may have ends where its scan has ended', () => {
  expect(pageOf([row(1, 9)], 2).next).toEqual([9])
  expect(pageOf([row(1), row(2)], 2).next).toBeNull()
})

test('a statement that found nothing has one row without a place', () => {
  expect(pageOf([{ place: null, scanEnd: [9] }], 2)).toEqual({ rows: [], next: [9] })
  expect(pageOf([{ place: null, scanEnd: null }], 2)).toEqual({ rows: [], next: null })
})
