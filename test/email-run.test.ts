import { expect, test } from 'vitest'
import { startApp } from './support/test-app.ts'
import { planMails } from './support/mail-plan.ts'
import { publishAll, subscribeAll } from './support/mail-traffic.ts'
import { mailEnv } from './support/mail-helpers.ts'
import { startPlannedMailServer } from './support/planned-mail-server.ts'
import { eventually } from './support/service-fixtures.ts'
import { countNotifications } from './support/stored-state.ts'

const MAILS = 500

test('of many mails, some rejected for good or for now, each has its outcome exactly once, in order', async () => {
  const plan = planMails(MAILS, 100)
  const server = await startPlannedMailServer(plan)
  const app = await startApp({ env: mailEnv(server) })
  await subscribeAll(app.client, plan)
  await publishAll(app.client, plan)
  await server.settled(15_000)
  const refused = plan.filter(({ outcome }) => outcome === 'refused').length
  const delayed = plan.filter(({ outcome }) => outcome === 'delayed').length
  expect(refused).toBeGreaterThan(MAILS * 0.03)
  expect(delayed).toBeGreaterThan(MAILS * 0.03)
  await eventually(() => countNotifications(app.db)).toEqual({ delivered: MAILS - refused, given_up: refused })
  expect(server.books()).toEqual({
    mails: MAILS,
    deliveredOnce: MAILS - refused,
    deliveredAfterRetries: delayed,
    givenUp: refused,
    temporaryRefusals: 2 * delayed,
    lost: 0,
    duplicates: 0,
    wrong: 0,
  })
  await app.stop()
  await server.close()
})
