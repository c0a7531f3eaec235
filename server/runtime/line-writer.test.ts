import { expect, test } from 'vitest'
import { createLineWriter } from './line-writer.ts'

/** A pipe of so many bytes, whose reader takes what is in it. */
function createPipe({ maxBytes = 100, capacity = 10 } = {}) {
  let content = ''
  let fault: string | undefined
  let lookAgain: (() => void) | undefined
  const writer = createLineWriter({
    open: () => 7,
    maxBytes,
    later: (_ms, callback) => void (lookAgain = callback),
    droppedLine: (dropped) => `-${dropped}\n`,
    writeTo(_fd, bytes) {
      const room = capacity - content.length
      const code = fault ?? (room === 0 ? 'EAGAIN' : undefined)
      if (code !== undefined) throw Object.assign(new Error(code), { code })
      content += bytes.subarray(0, room).toString()
      return Math.min(room, bytes.length)
    },
  })
  return {
    writer,
    later: () => lookAgain?.(),
    fail: (code: string | undefined) => void (fault = code),
    read() {
      const taken = content
      content = ''
      return taken
    },
  }
}

test('what does not fit waits and is written whole, in order', () => {
  const { writer, later, read } = createPipe()
  for (const line of ['aaaa\n', 'bbbb\n', 'cccc\n', 'dddddddd\n']) writer.write(line)
  let all = ''
  for (let i = 0; i < 4; i++) {
    all += read()
    later()
  }
  expect(all).toBe('aaaa\nbbbb\ncccc\ndddddddd\n')
})

test('without a reader, whole lines are dropped and counted; the count comes first when a reader is back', () => {
  const { writer, later, read } = createPipe({ maxBytes: 20 })
  for (let i = 0; i < 20; i++) writer.write(`${String(i).padStart(4, '0')}\n`)
  let all = ''
  for (let i = 0; i < 5; i++) {
    all += read()
    later()
  }
  writer.write('new\n')
  expect(all + read()).toBe('0000\n0001\n0002\n0003\n0004\n0005\n-14\nnew\n')
})

test.each(['EPIPE', 'EIO', 'ENOSPC', 'EBADF'])('%s is survived, and writing goes on when it has passed', (code) => {
  const { writer, later, fail, read } = createPipe({ maxBytes: 10, capacity: 100 })
  fail(code)
  for (const line of ['aaaa\n', 'bbbb\n', 'cccc\n']) writer.write(line)
  fail(undefined)
  later()
  expect(read()).toBe('aaaa\nbbbb\n-1\n')
})

test('closing waits for a reader for a limited time, and not at all for one that is gone', () => {
  const { writer, fail } = createPipe()
  writer.write('aaaaaaaaaaaaaaaaaaaa\n')
  const startedAt = performance.now()
  writer.flush(100)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(100)
  fail('EPIPE')
  const goneAt = performance.now()
  writer.flush(60_000)
  expect(performance.now() - goneAt).toBeLessThan(10_000)
})
