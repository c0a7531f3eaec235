import { startReceiver } from '@tidings/harness/receiver.ts'
import { dataOf, isDispatched, serviceTest } from './support/service-fixtures.ts'
import { expect } from 'vitest'

const IN_ALL = 16
const test = serviceTest({ TIDINGS_SENDS_IN_ALL: String(IN_ALL), TIDINGS_SENDS_PER_ADDRESS: '4' })

test('more hanging addresses than there are slots do not delay one that has responded', async ({
  app,
  receiver,
  subject,
}) => {
  const hanging = await startReceiver()
  hanging.decide(() => 'withheld')
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  await app.subscribe({
    addresses: Array.from({ length: 3 * IN_ALL }, (_, index) => hanging.url(`/${index}`)),
    subjectFilter: `${subject}-hanging`,
    name: 'hanging',
  })
  await app.publish({ subject, data: 'before' })
  await receiver.take(1)

  await isDispatched(app, await app.publish({ subject: `${subject}-hanging` }))
  await hanging.waitFor((received) => received.length >= (IN_ALL * 7) / 8)
  for (const data of ['one', 'two', 'three']) {
    await app.publish({ subject, data })
    await receiver.take(1)
  }
  expect(dataOf(receiver.received)).toEqual(['before', 'one', 'two', 'three'])
  expect(hanging.received.length).toBeLessThan(IN_ALL)
  await app.client.call('DELETE', '/subscriptions/byName/hanging')
  await hanging.close()
})
