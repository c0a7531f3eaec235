import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMessageFramer } from './message-framer.ts'

/** Returns the message that each call of the framer's callback was about, cut out by the next one's begin. */
function framed(parts: readonly Buffer[]): string[] {
  const bodies: string[] = []
  const take = createMessageFramer((buffer, headAt, bodyAt) => {
    const length = Number(/content-length: (\d+)/i.exec(buffer.toString('latin1', headAt, bodyAt))?.[1] ?? 0)
    bodies.push(buffer.toString('latin1', bodyAt, bodyAt + length))
  })
  for (const part of parts) take(part)
  return bodies
}

const messageOf = (body: string) => `POST /t/0 HTTP/1.1\r\nhost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`

test('messages are found wherever the stream was cut', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{0,40}$/)), fc.array(fc.nat()), (bodies, cuts) => {
      const stream = Buffer.from(bodies.map(messageOf).join(''))
      const places = cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b)
      const parts = [0, ...places].map((from, index) => stream.subarray(from, places[index] ?? stream.length))
      expect(framed(parts)).toEqual(bodies)
    }),
  )
})

test('a message without a length has no body', () => {
  expect(framed([Buffer.from('HTTP/1.1 204 No Content\r\n\r\n')])).toEqual([''])
})

test('a chunked body is rejected', () => {
  expect(() => framed([Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')])).toThrow('chunked')
})
