import { startReceiver, type Receiver } from '@tidings/harness/receiver.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually, isDispatched } from './support/service-fixtures.ts'
import { seriesInPartition } from './support/series-in-partition.ts'
import { readShares } from './support/stored-state.ts'
import { startApp, type TestApp } from './support/test-app.ts'

const PARTITIONS = 4
const PER_ADDRESS = 4
/** Of each partition: each of two dispatchers has 12, more than it may send at once after any answer below. */
const SERIES = 6
const ALL = PARTITIONS * SERIES

let api: TestApp
let receiver: Receiver
let dispatchers: TestApp[]

beforeEach(async () => {
  receiver = await startReceiver()
  api = await startApp({ env: { TIDINGS_ROLE: 'api', TIDINGS_PARTITIONS: String(PARTITIONS) } })
  dispatchers = []
})

afterEach(async () => {
  await Promise.all(dispatchers.map((app) => app.stop()))
  await api.stop()
  await receiver.close()
})

async function join(): Promise<TestApp> {
  const env = { TIDINGS_ROLE: 'dispatcher', TIDINGS_SENDS_PER_ADDRESS: String(PER_ADDRESS) }
  const app = await startApp({ db: api.db, env })
  dispatchers.push(app)
  return app
}

/** The requests that the receiver has not responded to, oldest first, and how many there were at most. */
function withholdAll() {
  const open = new Set<() => void>()
  let most = 0
  receiver.decide((_request, response) => {
    const answer = () => {
      open.delete(answer)
      response.writeHead(200).end()
    }
    open.add(answer)
    response.on('close', () => open.delete(answer))
    most = Math.max(most, open.size)
    return 'withheld'
  })
  return {
    get size() {
      return open.size
    },
    get most() {
      return most
    },
    answerOldest: () => [...open][0]?.(),
    answerAll() {
      for (const answer of open) answer()
    },
  }
}

test('two dispatchers together send no more to an address than one may, and one has it all when alone', async () => {
  const first = await join()
  await join()
  await eventually(() => readShares(api.db)).toEqual([2, 2])
  await api.subscribe({ addresses: [receiver.url()] })
  const open = withholdAll()
  const series = [0, 1, 2, 3].flatMap((partition) =>
    seriesInPartition(partition, { partitions: PARTITIONS, count: SERIES }),
  )
  const uuids = await Promise.all(series.map((seriesId) => api.publish({ seriesId })))
  for (const uuid of uuids) await isDispatched(api, uuid)
  await eventually(() => open.size).toBe(PER_ADDRESS)
  for (let answered = 1; answered <= 8; answered += 1) {
    open.answerOldest()
    await receiver.waitFor((received) => received.length >= PER_ADDRESS + answered)
  }
  expect(open.most, 'with two dispatchers').toBe(PER_ADDRESS)

  const stopped = first.stop()
  open.answerAll()
  await stopped
  await eventually(() => open.size).toBe(PER_ADDRESS)
  expect(open.most, 'while one leaves').toBe(PER_ADDRESS)

  receiver.decide(() => 200)
  open.answerAll()
  await receiver.waitFor((received) => received.length === ALL)
  expect(new Set(receiver.received.map(({ notification }) => notification.uuid)).size).toBe(ALL)
})
