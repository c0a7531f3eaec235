import { createClient } from '@tidings/harness/client.ts'
import { expect, onTestFinished, test } from 'vitest'
import type { ReadyCheck } from '@tidings/server/api/status/status.ts'
import { startApiForTest } from './support/test-api.ts'
import { startAppForTest } from './support/test-app.ts'
import { checkResponse } from './support/response-checks.ts'

/** A check that counts how often it is run, and takes until it is let go. */
function countingCheck(): { check: ReadyCheck; runs: () => number; letGo: (isPassed: boolean) => void } {
  let runs = 0
  let letGo: (isPassed: boolean) => void = () => undefined
  const passed = new Promise<boolean>((resolve) => {
    letGo = resolve
  })
  return {
    check: {
      name: 'CheckDB',
      label: 'DB',
      run: () => {
        runs += 1
        return passed
      },
    },
    runs: () => runs,
    letGo,
  }
}

async function resultOf(response: Promise<Response>): Promise<string> {
  const { result } = (await (await response).json()) as { result: string }
  return result
}

test('a ready service says so to anybody, and counts the calls', async () => {
  const app = await startAppForTest()
  const anybody = createClient(() => app.url, { token: '', user: '', tenant: '', onResponse: checkResponse })
  onTestFinished(() => anybody.close())
  const flags = 'CheckTenants:PASS CheckJWT:PASS CheckDB:PASS CheckMessageBroker:PASS CheckDispatcher:PASS'
  expect(await anybody.call('GET', '/readycheck')).toMatchObject({
    status: 200,
    body: {
      status: 'success',
      result: `Ready check passed. Count: 1 ${flags}`,
      message: expect.stringMatching(/^TAPIS_READY .*Notifications Service/) as string,
    },
  })
  expect(await anybody.call('GET', '/readycheck')).toMatchObject({
    status: 200,
    body: { result: `Ready check passed. Count: 2 ${flags}` },
  })
  expect(await anybody.call('GET', '/healthcheck')).toMatchObject({
    status: 200,
    body: {
      status: 'success',
      result: 'Health check received. Count: 1',
      message: expect.stringMatching(/^TAPIS_HEALTHY .*Notifications Service/) as string,
    },
  })
  expect(await anybody.call('GET', '/healthcheck')).toMatchObject({
    status: 200,
    body: { result: 'Health check received. Count: 2' },
  })
})

test('100 probes at once cost one evaluation, and each is counted', async () => {
  const { check, runs, letGo } = countingCheck()
  const api = await startApiForTest({ checks: [check] })
  const probes = Array.from({ length: 100 }, () => api.call('GET', '/readycheck', { as: 'nobody' }))
  expect(await resultOf(api.call('GET', '/healthcheck', { as: 'nobody' }))).toBe('Health check received. Count: 1')
  letGo(true)
  const results = await Promise.all(probes.map(resultOf))
  expect(runs()).toBe(1)
  expect(results.toSorted()).toEqual(
    Array.from({ length: 100 }, (_, index) => `Ready check passed. Count: ${index + 1} CheckDB:PASS`).toSorted(),
  )
})

test('a failure is 503 in the format of protocol 3.1, trailing blank included, and ends the evaluation', async () => {
  const passing: ReadyCheck = { name: 'CheckTenants', label: 'tenants', run: () => Promise.resolve(true) }
  const failing: ReadyCheck = { name: 'CheckJWT', label: 'JWT', run: () => Promise.resolve(false) }
  const { check: never, runs } = countingCheck()
  const api = await startApiForTest({ checks: [passing, failing, never] })
  const response = await api.call('GET', '/readycheck', { as: 'nobody' })
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({
    status: 'error',
    result: 'Readiness JWT check failed. Check number: 1 CheckTenants:PASS CheckJWT:FAIL ',
    message: expect.stringMatching(/^TAPIS_NOT_READY /) as string,
  })
  expect(runs()).toBe(0)
})
