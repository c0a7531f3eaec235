import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCursorSeal } from './cursor-seal.ts'

const secret = randomBytes(32)
const seal = createCursorSeal({ readSecret: () => Promise.resolve(secret) })
const PLACE = ['newest', '2026-11-23T10:00:00.120000Z', 7]

test('a cursor is opened by every process of the installation, and says nothing to anybody else', async () => {
  const other = createCursorSeal({ readSecret: () => Promise.resolve(Buffer.from(secret)) })
  const cursor = await seal.seal('for bob', PLACE)
  expect(await other.open('for bob', cursor)).toEqual(PLACE)
  expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toContain('newest')
})

test('the same place never looks the same, and its length does not tell how large its numbers are', async () => {
  const [first, second, large] = await Promise.all([
    seal.seal('for bob', [1]),
    seal.seal('for bob', [1]),
    seal.seal('for bob', [2 ** 52]),
  ])
  expect(first).not.toBe(second)
  expect(first.length).toBe(large.length)
})

test('for another caller or another filter it is no cursor', async () => {
  expect(await seal.open('for carol', await seal.seal('for bob', PLACE))).toBeUndefined()
})

test('of another installation it is no cursor', async () => {
  const other = createCursorSeal({ readSecret: () => Promise.resolve(randomBytes(32)) })
  expect(await other.open('for bob', await seal.seal('for bob', PLACE))).toBeUndefined()
})

test('whichever bit is changed, it is no cursor', async () => {
  const bytes = Buffer.from(await seal.seal('for bob', PLACE), 'base64url')
  for (let place = 0; place < bytes.length; place += 1) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(place) ^ 1, place)
    expect(await seal.open('for bob', changed.toString('base64url'))).toBeUndefined()
  }
})

test.each([
  ['nothing', ''],
  ['too short', 'abc'],
  ['plain text', Buffer.from(JSON.stringify(PLACE)).toString('base64url')],
  ['long enough, but made up', 'A'.repeat(200)],
])('%s is no cursor', async (_name, text) => {
  expect(await seal.open('for bob', text)).toBeUndefined()
})

test('only the text that was made is the cursor: others for the same bytes are not', async () => {
  const cursor = await seal.seal('for bob', PLACE)
  expect(await seal.open('for bob', `${cursor}=`)).toBeUndefined()
  expect(await seal.open('for bob', ` ${cursor}`)).toBeUndefined()
})

test('a secret that could not be read is read again', async () => {
  let reads = 0
  const late = createCursorSeal({
    readSecret() {
      reads += 1
      return reads === 1 ? Promise.reject(new Error('the database is away')) : Promise.resolve(secret)
    },
  })
  await expect(late.seal('for bob', PLACE)).rejects.toThrow('away')
  expect(await seal.open('for bob', await late.seal('for bob', PLACE))).toEqual(PLACE)
  await late.seal('for bob', PLACE)
  expect(reads).toBe(2)
})
