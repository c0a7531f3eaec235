import type { Operation } from './operation.ts'
import { END_SERIES, NUMBER_OF_EVENTS, SEQUENCE_NAME, SUBSCRIPTION_TTL } from './parameters.ts'

const ABSENT = 'There is no such test sequence.'

export const TEST_SEQUENCES: readonly Operation[] = [
  {
    id: 'beginTestSequence', tag: 'Test', method: 'POST', path: '/test/begin', who: 'service',
    summary: 'Begin a test sequence',
    description: 'Creates a subscription that delivers to the callback of this service, and publishes the first event for it. The others follow by themselves; `getTestSequence` tells what has come back. At most 20 may run for one user, and 100 in a tenant. For services.',
    parameters: [SUBSCRIPTION_TTL, NUMBER_OF_EVENTS, END_SERIES],
    body: { model: 'object', isOptional: true, description: 'Not looked at.' },
    success: { status: 201, model: 'RespSubscription', description: 'The subscription; its name is the name of the sequence.' },
    refusals: { 429: { code: 'NTFAPI_TEST_TOO_MANY', description: 'Too many are running.' } },
  },
  {
    id: 'getTestSequence', tag: 'Test', method: 'GET', path: '/test/:name', who: 'caller',
    summary: 'Read how far a test sequence has come',
    description: 'Of the user that the request is made for.',
    parameters: [SEQUENCE_NAME],
    success: { status: 200, model: 'RespTestSequence', description: 'The test sequence.' },
    refusals: { 404: { code: 'NTFAPI_NOT_FOUND', description: ABSENT } },
  },
  {
    id: 'deleteTestSequence', tag: 'Test', method: 'DELETE', path: '/test/:name', who: 'service',
    summary: 'Stop and remove a test sequence',
    description: 'With its subscription and its series. If there is none, nothing is changed, and that is no error; a subscription that belongs to no test sequence is refused with 400. For services.',
    parameters: [SEQUENCE_NAME],
    success: { status: 200, model: 'RespChangeCount', description: 'There is no such test sequence any more.' },
  },
  {
    id: 'recordTestNotification', tag: 'Test', method: 'POST', path: '/test/callback/:name', who: 'anyone',
    summary: 'Take a notification of a test sequence',
    description: 'The webhook of the subscription of a test sequence.',
    parameters: [SEQUENCE_NAME],
    body: { model: 'Notification', description: 'The notification.' },
    success: { status: 200, model: 'RespBasic', description: 'It is counted.', code: 'NTFAPI_TEST_RECORD', result: null },
    refusals: { 404: { code: 'NTFAPI_TEST_RECORD_NO_TEST', description: ABSENT } },
  },
]
