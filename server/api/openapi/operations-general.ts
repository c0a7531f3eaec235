import type { Operation } from './operation.ts'

/** No examples: the texts stand where the model says object, see models.ts. */
export const GENERAL: readonly Operation[] = [
  {
    id: 'healthCheck', tag: 'General', method: 'GET', path: '/healthcheck', who: 'anyone',
    summary: 'Does the service answer?',
    description: 'Always yes, without a look at anything behind the service. The result is a text, such as `Health check received. Count: 7`.',
    success: { status: 200, model: 'RespBasic', description: 'It does.' },
  },
  {
    id: 'readyCheck', tag: 'General', method: 'GET', path: '/readycheck', who: 'anyone',
    summary: 'Can the service do its work?',
    description: 'Looks at what the service needs. The result is a text that names each check with PASS or FAIL, also where the answer is 503, such as `Ready check passed. Count: 7 CheckTenants:PASS CheckDB:PASS`. Callers of the same second share one look.',
    success: { status: 200, model: 'RespBasic', description: 'It can.' },
  },
]
