import { randomUUID } from 'node:crypto'
import { startReceiver, type Received, type Receiver } from '@tidings/harness/receiver.ts'
import { countStuckLanes } from '@tidings/server/recovery/stuck-lanes.ts'
import { expect, test as base, type ExpectStatic } from 'vitest'
import { startApp, type TestApp } from './test-app.ts'
import { attemptFailures, dispatchedEvents, storedNotifications } from './stored-state.ts'

interface ServiceFixtures {
  /** One service for all tests of a file, on a database of its own. */
  readonly app: TestApp
  readonly receiver: Receiver
  /** Nobody else's, so that the tests of a file do not match each other's events. */
  readonly subject: string
}

/** `test` with a running service, started with these variables. At the end of the file no lane may be stuck. */
export const serviceTest = (env: Readonly<Record<string, string>> = {}) =>
  base.extend<ServiceFixtures>({
    app: [
      async ({}, use) => {
        const app = await startApp({ env })
        await use(app)
        expect(await countStuckLanes(app.db)).toBe(0)
        await app.stop()
      },
      { scope: 'file' },
    ],
    receiver: async ({}, use) => {
      const receiver = await startReceiver()
      await use(receiver)
      await receiver.close()
    },
    subject: async ({}, use) => {
      await use(`subject-${randomUUID()}`)
    },
  })

/** seriesSeqCount of each request. */
export const numbersOf = (received: readonly Received[]) =>
  received.map(({ notification }) => notification.event.seriesSeqCount)

/** `data` of each request. */
export const dataOf = (received: readonly Received[]) => received.map(({ notification }) => notification.event.data)

/** Asks until the matcher that follows is content. A concurrent test gives its own `expect`. */
export const eventually = <T>(read: () => T | Promise<T>, ofTest: Pick<ExpectStatic, 'poll'> = expect) =>
  ofTest.poll(read, { interval: 20, timeout: 20_000 })

/** Waits until the dispatcher has dealt with this event. */
export async function isDispatched({ db }: Pick<TestApp, 'db'>, eventUuid: string): Promise<void> {
  await eventually(() => dispatchedEvents(db, eventUuid)).toHaveLength(1)
}

/** What became of the notifications of this event, in the order of their targets. */
export const notificationsOf = ({ db }: Pick<TestApp, 'db'>, eventUuid: string) =>
  storedNotifications(db, { event: eventUuid })

/** Why the attempts for this event failed, in their order. */
export const failuresOf = ({ db }: Pick<TestApp, 'db'>, eventUuid: string) => attemptFailures(db, eventUuid)
