import { SEQUENCE_NAME } from '../openapi/openapi-parameters.ts'
import type { PublicOperation } from '../operation.ts'
import { requestBody } from '../request-body.ts'
import { readBody } from '../http/body/json-body.ts'
import { pathParameter } from '../http/path-parameter.ts'
import { valueOrReject } from '../violations.ts'
import { notificationViolations, storedNotification } from './notification-rules.ts'

const BODY = requestBody('Notification', { description: 'The notification.' })

/**
 * Records a notification of a test sequence (protocol 7.4). Anybody may call who knows the tenant, owner and name of
 * one. Every call counts, repeated ones too.
 */
export const recordTestNotification: PublicOperation = {
  id: 'recordTestNotification',
  tag: 'Test',
  method: 'POST',
  path: '/test/callback/:name',
  who: 'anyone',
  summary: 'Receive a notification of a test sequence',
  description: 'The webhook that the subscription of a test sequence delivers to.',
  parameters: [SEQUENCE_NAME],
  body: BODY,
  success: {
    status: 200,
    model: 'RespBasic',
    description: 'The notification is counted.',
    example: { code: 'NTFAPI_TEST_RECORD', result: null },
  },
  rejections: { 404: { code: 'NTFAPI_TEST_RECORD_NO_TEST', description: 'There is no such test sequence.' } },
  admit: ({ callback }, context) => callback.admit(pathParameter(context, 'name')),
  async handle({ callback }, context) {
    const { checked, members } = readBody(context.body, BODY.validate)
    const notification = storedNotification(valueOrReject(checked, notificationViolations(members)))
    return { message: await callback.record(pathParameter(context, 'name'), notification), result: null }
  },
}
