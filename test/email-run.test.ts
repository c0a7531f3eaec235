import { sql } from '@tidings/server/db/sql.ts'
import { expect, test } from 'vitest'
import { startApp } from './support/app.ts'
import { planMails } from './support/mail-plan.ts'
import { publishAll, subscribeAll } from './support/mail-traffic.ts'
import { mailEnv } from './support/mail-test.ts'
import { startRefusingMailServer } from './support/refusing-mail-server.ts'
import { eventually } from './support/service-test.ts'

const MAILS = 500

test('of many mails, some refused for ever and some for a while, each meets its fate exactly once, in order', async () => {
  const plan = planMails(MAILS, 100)
  const server = await startRefusingMailServer(plan)
  const app = await startApp({ env: mailEnv(server) })
  await subscribeAll(app.client, plan)
  await publishAll(app.client, plan)
  await server.settled(15_000)
  const refused = plan.filter(({ fate }) => fate === 'refused').length
  const delayed = plan.filter(({ fate }) => fate === 'delayed').length
  expect(refused).toBeGreaterThan(MAILS * 0.03)
  expect(delayed).toBeGreaterThan(MAILS * 0.03)
  const states = () => app.db.query(sql`select state, count(*)::integer from notification group by state order by state`)
  await eventually(states).toEqual([{ state: 'delivered', count: MAILS - refused }, { state: 'given_up', count: refused }])
  expect(server.books()).toEqual({
    mails: MAILS, deliveredOnce: MAILS - refused, deliveredAfterRetries: delayed, givenUp: refused, temporaryRefusals: 2 * delayed, lost: 0, duplicates: 0, wrong: 0,
  })
  await app.stop()
  await server.close()
})
