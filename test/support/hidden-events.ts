import { mayStayIdle } from './database-sessions.ts'
import { createGate } from './stepwise-service.ts'
import { lockEvents } from './stored-state.ts'
import type { TestApp } from './test-app.ts'

/** Nobody reads or writes events until the returned function is called, or the test ends. */
export async function hideEvents({ db }: Pick<TestApp, 'db'>, atEnd?: (open: () => void) => void) {
  const [isLocked, mayUnlock] = [createGate(atEnd), createGate(atEnd)]
  const done = db.transaction(async (tx) => {
    await mayStayIdle(tx)
    await lockEvents(tx, { areHidden: true })
    isLocked.open()
    await mayUnlock.opened
  })
  await Promise.race([isLocked.opened, done])
  return async () => {
    mayUnlock.open()
    await done
  }
}
