import { expect, test } from 'vitest'
import { isTooOld, versionIn } from './server-version.ts'

const longString = (key: string, text: string) =>
  Buffer.concat([Buffer.from([key.length]), Buffer.from(`${key}S`), lengthOf(text), Buffer.from(text)])

function lengthOf(text: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.byteLength(text))
  return length
}

test('the version is the one that RabbitMQ names', () => {
  expect(
    versionIn(
      Buffer.concat([Buffer.from([1, 0, 0]), longString('product', 'RabbitMQ'), longString('version', '3.8.11')]),
    ),
  ).toBe('3.8.11')
  expect(versionIn(Buffer.concat([longString('version', '2.0.0'), longString('product', 'LavinMQ')]))).toBeUndefined()
  expect(versionIn(longString('product', 'RabbitMQ'))).toBeUndefined()
})

test('anything else has no version', () => {
  const whole = Buffer.concat([longString('product', 'RabbitMQ'), longString('version', '3.8.11')])
  for (let length = 0; length < whole.length; length += 1) expect(versionIn(whole.subarray(0, length))).toBeUndefined()
  expect(versionIn(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))).toBeUndefined()
})

test.each([
  ['3.8.11', true],
  ['3.9.29', true],
  ['3.7.0', true],
  ['2.8.7', true],
  ['3.9.0-rc.2', true],
  ['3.10.0', false],
  ['3.10.8', false],
  ['3.13.7+1', false],
  ['4.0.2', false],
  ['4.1.0-rc.1', false],
  ['10.2', false],
  ['', false],
  ['{vsn}', false],
])('%s: too old is %j', (version, expected) => {
  expect(isTooOld(version)).toBe(expected)
})
