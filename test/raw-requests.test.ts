import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { framings, oddRequests, SMUGGLED, type RawCase } from './support/raw-requests.ts'
import { callersOf, startTwoSites, type TwoSites } from './support/two-sites.ts'

let sites: TwoSites
let caller = ''
beforeAll(async () => {
  sites = await startTwoSites()
  caller = Object.entries(callersOf(sites).service('ta', 'bob'))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
})
afterAll(() => sites.stop())

/** What comes back until so many responses are complete, or the connection is closed. */
const answersTo = (bytes: string | Buffer, wanted: number) =>
  new Promise<string>((resolve) => {
    let text = ''
    const socket = connect(Number(new URL(sites.url).port), '127.0.0.1', () => socket.write(bytes))
    const end = () => {
      socket.destroy()
      resolve(text)
    }
    socket.setTimeout(25_000, end)
    socket
      .on('error', end)
      .on('close', end)
      .on('data', (chunk) => {
        text += chunk.toString('latin1')
        if (wholeAnswers(text) >= wanted) end()
      })
  })

const HEAD = /HTTP\/1\.1 (\d{3})[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n/g
const statusesOf = (text: string) =>
  [...text.matchAll(HEAD)].map(([, status]) => Number(status)).filter((status) => status !== 100)

/** A response is complete when its head is and as many bytes as it announces. */
function wholeAnswers(text: string): number {
  const heads = [...text.matchAll(HEAD)].filter(([, status]) => status !== '100')
  return heads.filter(
    ({ 0: head, index }) => text.length >= index + head.length + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0),
  ).length
}

async function judge(cases: readonly RawCase[]): Promise<readonly string[]> {
  const wrong = await Promise.all(
    cases.map(async ([name, bytes, expected]) => {
      const text = await answersTo(bytes, expected === 'any rejection' ? 1 : expected.length)
      const statuses = statusesOf(text)
      const isRight =
        expected === 'any rejection'
          ? statuses.length === 1 && (statuses[0] ?? 0) >= 400 && (statuses[0] ?? 0) < 500 + 6 && statuses[0] !== 500
          : statuses.join() === expected.join()
      const isEnvelope =
        statuses.every((status) => status === 204 || status === 302) ||
        /"commit"/.test(text) ||
        bytes.toString().startsWith('HEAD')
      return isRight && isEnvelope && !text.includes('"openapi"')
        ? []
        : [`${name}: ${statuses.join()} instead of ${String(expected)}: ${text.slice(0, 300)}`]
    }),
  )
  return wrong.flat()
}

test('the end of a body is unambiguous, or the request is rejected, enveloped, and the rest is not read', async () => {
  expect(framings(caller).some(([, bytes]) => bytes.toString().includes(SMUGGLED))).toBe(true)
  expect(await judge(framings(caller))).toEqual([])
}, 60_000)

test('odd versions, methods, hosts, sizes and paths are rejected in the envelope, or read as HTTP says', async () => {
  expect(await judge(oddRequests(caller))).toEqual([])
}, 60_000)
