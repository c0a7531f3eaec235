import type { GuardedOperation } from '../operation.ts'
import { NOTIFICATION_EXAMPLE } from './sight-examples.ts'

/** Protocol 12.7. */
export const getStatus: GuardedOperation = {
  id: 'getStatus',
  tag: 'Sight',
  method: 'GET',
  path: '/status',
  who: 'caller',
  summary: 'How does the installation do? For operators',
  description:
    'Partitions with their dispatchers and what they have not dispatched yet; and what waits after a failure, by ' +
    'tenant and by target, the most first. For operators (`TIDINGS_OPERATORS`). It is read in the background; `asOf` ' +
    'says when.',
  parameters: [],
  success: {
    status: 200,
    model: 'RespStatusReport',
    description: 'The status.',
    example: {
      code: 'TAPIS_FOUND',
      result: {
        asOf: '2026-11-23T10:00:01Z',
        partitions: [{ partition: 0, dispatcher: '10.0.0.7:4711', isOwned: true, behind: 0, oldest: null }],
        tenants: [{ tenant: 'dev', coldLanes: 1, waiting: 3, oldest: '2026-11-23T10:00:00.131Z' }],
        targets: [
          {
            tenant: 'dev',
            target: { ...NOTIFICATION_EXAMPLE.target, deliveryAddress: null },
            coldLanes: 1,
            waiting: 3,
            oldest: '2026-11-23T10:00:00.131Z',
            lastFailure: 'http_500',
            nextTry: '2026-11-23T10:00:05.402Z',
          },
        ],
        isComplete: true,
      },
    },
  },
  async handle({ sight: { access, looks, status } }, { caller }) {
    access.requireOperator(caller, 'read')
    return { message: 'TAPIS_FOUND Status found', result: await looks.run(caller, () => status.read()) }
  },
}
