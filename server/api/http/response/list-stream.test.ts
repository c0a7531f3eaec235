import { text as textOf } from 'node:stream/consumers'
import type { ListMetadata } from '@tidings/contract/envelope.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AppError } from '../../errors.ts'
import { createLog } from '../../../log.ts'
import { createLogRateLimit } from '../../../runtime/log-rate-limit.ts'
import { createEnvelopeWriter } from './envelope-writer.ts'
import { createListStream } from './list-stream.ts'
import type { RowStream } from '../route.ts'

const envelopes = createEnvelopeWriter({ version: '1', commit: 'c', build: 'b' })
const log = createLog({ level: 'silent', isTerminal: false })
const metadataOf = (count: number): ListMetadata => ({
  recordCount: count,
  recordLimit: -1,
  recordsSkipped: 0,
  orderBy: null,
  startAfter: 'a\u2028',
  totalCount: -1,
})
const closing = (count: number) => ({ message: `M ${count}`, metadata: metadataOf(count) })

/** Pages, and whether they were closed. */
function pagesOf(pages: readonly (readonly unknown[] | Error)[]): RowStream & { readonly isClosed: () => boolean } {
  const left = [...pages]
  let isClosed = false
  return {
    next() {
      const page = left.shift()
      return page instanceof Error ? Promise.reject(page) : Promise.resolve(page)
    },
    close() {
      isClosed = true
    },
    isClosed: () => isClosed,
  }
}

test('the pieces together are the text of the whole envelope', async () => {
  const value = fc.jsonValue()
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(value, { maxLength: 3 }), { maxLength: 4 }), async (pages) => {
      const all = pages.flat()
      const text = await textOf(
        createListStream(
          { rows: pagesOf(pages), closing },
          { text: envelopes.list(), limit: createLogRateLimit(), log },
        ),
      )
      expect(text).toBe(envelopes.success(`M ${all.length}`, all, metadataOf(all.length)))
    }),
  )
})

test('a failure destroys the text, and the rows are closed', async () => {
  const rows = pagesOf([['a'], new Error('gone')])
  const stream = createListStream({ rows, closing }, { text: envelopes.list(), limit: createLogRateLimit(), log })
  await expect(textOf(stream)).rejects.toThrow(AppError)
  expect([stream.destroyed, rows.isClosed()]).toEqual([true, true])
})

test('a client that reads too slowly is cut off', async () => {
  const rows = { ...pagesOf([]), next: () => new Promise<never>(() => undefined) }
  await expect(
    textOf(
      createListStream({ rows, closing }, { text: envelopes.list(), limit: createLogRateLimit(), log, limitMs: 5 }),
    ),
  ).rejects.toThrow('not read within 0.005 s')
  expect(rows.isClosed()).toBe(true)
})

test('a text that is destroyed closes the rows, even before it was read', async () => {
  const rows = pagesOf([['a']])
  const stream = createListStream({ rows, closing }, { text: envelopes.list(), limit: createLogRateLimit(), log })
  stream.destroy()
  await new Promise((resolve) => stream.once('close', resolve))
  expect(rows.isClosed()).toBe(true)
})
