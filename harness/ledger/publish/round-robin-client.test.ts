import { expect, test } from 'vitest'
import type { Client } from '../../client.ts'
import { createRoundRobinClient } from './round-robin-client.ts'

/** Two apis, one of which may be down; and the time. */
function apis() {
  const calls: string[] = []
  const world = { isFirstDown: false, nowMs: 0 }
  const client = (name: string): Client => ({
    call() {
      calls.push(name)
      return name === 'first' && world.isFirstDown
        ? Promise.reject(new Error('down'))
        : Promise.resolve({ status: 200, body: undefined })
    },
    close: () => Promise.resolve(),
  })
  return { calls, world, spread: createRoundRobinClient([client('first'), client('second')], () => world.nowMs) }
}

const call = (spread: Client) => spread.call('GET', '/healthcheck').catch(() => undefined)

test('calls go to the apis round-robin', async () => {
  const { spread, calls } = apis()
  for (let count = 0; count < 4; count += 1) await call(spread)
  expect(calls).toEqual(['second', 'first', 'second', 'first'])
})

test('an api that did not respond is skipped for a second, then called again', async () => {
  const { spread, calls, world } = apis()
  world.isFirstDown = true
  for (let count = 0; count < 5; count += 1) await call(spread)
  expect(calls).toEqual(['second', 'first', 'second', 'second', 'second'])
  world.nowMs = 1000
  for (let count = 0; count < 2; count += 1) await call(spread)
  expect(calls.slice(5)).toContain('first')
})

test('when there is no other, the one that did not respond is called', async () => {
  const calls: number[] = []
  const spread = createRoundRobinClient(
    [
      {
        call: () => {
          calls.push(1)
          return Promise.reject(new Error('down'))
        },
        close: () => Promise.resolve(),
      },
    ],
    () => 0,
  )
  for (let count = 0; count < 3; count += 1) await call(spread)
  expect(calls).toHaveLength(3)
})
