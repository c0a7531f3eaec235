import type { PublicOperation } from '../operation.ts'

/** No example: the result is a text where the model says object, see model-schemas.ts. Protocol 3.1. */
export const healthCheck: PublicOperation = {
  id: 'healthCheck',
  tag: 'General',
  method: 'GET',
  path: '/healthcheck',
  who: 'anyone',
  summary: 'Check that the service responds',
  description:
    'Always succeeds: nothing behind the service is checked. The result is a string, such as ' +
    '`Health check received. Count: 7`.',
  success: { status: 200, model: 'RespBasic', description: 'It does.' },
  handle: ({ status }) => status.health(),
}
