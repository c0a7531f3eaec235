import type { PublicOperation } from '../operation.ts'

/** No example: the result is a text where the model says object, see model-schemas.ts. Protocol 3.1. */
export const readyCheck: PublicOperation = {
  id: 'readyCheck',
  tag: 'General',
  method: 'GET',
  path: '/readycheck',
  who: 'anyone',
  summary: 'Check that the service is ready',
  description:
    'Checks what the service needs. The result is a string that names each check with PASS or FAIL, also in a 503 ' +
    'response, such as `Ready check passed. Count: 7 CheckTenants:PASS CheckDB:PASS`. Requests within one second ' +
    'share one evaluation.',
  success: { status: 200, model: 'RespBasic', description: 'It can.' },
  handle: ({ status }) => status.ready(),
}
