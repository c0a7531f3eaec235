import { expect, test } from 'vitest'
import { empty, join, sql } from './sql.ts'

const made = (a: unknown, b: unknown) => sql`select ${a}, ${b}`

test('values become parameters, and templates nest', () => {
  const inner = sql`x = ${1}`
  const { text, values } = sql`select ${'a'} where ${inner} or ${inner} and ${join([1, 2])}`
  expect(text).toBe('select $1 where x = $2 or x = $3 and $4,$5')
  expect(values).toEqual(['a', 1, 1, 1, 2])
})

test('one template has as many texts as what is put into it', () => {
  const part = sql`now()`
  const texts = () =>
    [made(1, 2), made(part, 2), made(1, part), made(part, part), made(sql`then()`, 2)].map((one) => one.text)
  const expected = ['select $1, $2', 'select now(), $1', 'select $1, now()', 'select now(), now()', 'select then(), $1']
  expect(texts()).toEqual(expected)
  expect(texts(), 'again').toEqual(expected)
  expect(made(empty, join([1, 2, 3])).text).toBe('select , $1,$2,$3')
  expect(made(empty, join([1, 2])).text).toBe('select , $1,$2')
})

test('a text that is no template is not remembered for another', () => {
  const parts = ['select ', '']
  expect(sql(parts, 1).text).toBe('select $1')
  parts[0] = 'delete '
  expect(sql(parts, 1).text).toBe('delete $1')
})
