import { isLostOwnership } from '@tidings/server/db/fence.ts'
import { DispatchFailed } from '@tidings/server/dispatch/batch.ts'
import { isMovedCursor } from '@tidings/server/dispatch/dispatch-store.ts'
import { renewEpochs } from '@tidings/server/ownership/ownership-store.ts'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from './support/service-fixtures.ts'
import { createGate, openStepwiseService, type StepwiseService } from './support/stepwise-service.ts'
import { sessionsWaitingForLock } from './support/database-sessions.ts'
import { lockDispatched } from './support/stored-state.ts'

let steps: StepwiseService

beforeEach(async () => {
  steps = await openStepwiseService({ partitionCount: 1 })
  await steps.subscribe('http://127.0.0.1:1/')
})

afterEach(() => steps.stop())

const waiting = (sessions: number) => eventually(() => sessionsWaitingForLock(steps.db)).toHaveLength(sessions)

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'it went through',
    (error: unknown) => (error instanceof DispatchFailed ? error.cause : error),
  )

/** A dispatch that has moved the cursor, and cannot go on until the gate opens. */
async function startDispatch() {
  const [isLocked, mayGoOn] = [createGate(), createGate()]
  const holding = steps.db.transaction(async (tx) => {
    await lockDispatched(tx)
    isLocked.open()
    await mayGoOn.opened
  })
  await isLocked.opened
  const dispatch = steps.dispatch()
  await waiting(1)
  return { dispatch, holding, mayGoOn }
}

test('a dispatch with an abandoned connection shares no records with the next, and no number is missing', async () => {
  await steps.publish({})
  const { dispatch: givenUp, holding, mayGoOn } = await startDispatch()
  const next = reasonOf(steps.dispatch())
  await waiting(2)
  mayGoOn.open()
  await holding
  expect(await givenUp).toMatchObject({ records: 1 })
  expect(isMovedCursor(await next)).toBe(true)
  expect(await steps.dispatch()).toMatchObject({ records: 0 })
  await steps.publish({})
  const { matched } = await steps.dispatch()
  expect([...matched.events.values()].map(({ number }) => number)).toEqual([2])
})

test('a renewal waits for an abandoned dispatch, and the fence refuses those of the former epoch', async () => {
  await steps.publish({})
  const { dispatch: givenUp, holding, mayGoOn } = await startDispatch()
  const { ownerId, epochs } = steps.owned
  const renewal = renewEpochs(
    steps.db,
    ownerId,
    [...epochs].map(([id, epoch]) => ({ id, epoch })),
  )
  await waiting(2)
  mayGoOn.open()
  await holding
  expect(await givenUp).toMatchObject({ records: 1 })
  const renewed = new Map((await renewal).map(({ id, epoch }) => [id, epoch]))
  expect([...renewed]).toEqual([...epochs].map(([id, epoch]) => [id, epoch + 1]))
  await steps.publish({})
  expect(isLostOwnership(await reasonOf(steps.dispatch()))).toBe(true)
  expect(await steps.dispatch({ owned: { ownerId, epochs: renewed } })).toMatchObject({ records: 1 })
})
