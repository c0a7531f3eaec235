import type { Subscription } from '@tidings/contract/subscription.ts'
import { envelopeOf, type ApiForFile, type CallOptions } from './test-api.ts'

export const WEBHOOK = { deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://portal.example.org/hooks/jobs' }
export const NEW = {
  typeFilter: 'jobs.JOB_NEW_STATUS.*',
  subjectFilter: 'ef9004c3-09d5-41d5-acd3-be7c9fd3daf6-007',
  deliveryTargets: [WEBHOOK],
}

/** Of a subscription, in the order in which a response has them. */
export const ALL_MEMBERS = [
  ...['tenant', 'name', 'description', 'owner', 'enabled', 'typeFilter', 'subjectFilter', 'deliveryTargets'],
  ...['ttlMinutes', 'uuid', 'expiry', 'created', 'updated'],
]

/** Whatever an operation on one subscription may return. */
type Result = Subscription & { readonly url: string; readonly changes: number; readonly aBool: boolean }

export const answer = (response: Response | Promise<Response>, status?: number) => envelopeOf<Result>(response, status)

/** Creates subscriptions through this api: `create` with any body, `createNamed` with a good one. */
export function createSubscriptionCalls(api: ApiForFile) {
  const create = (body: unknown, options: CallOptions = {}) =>
    api.call('POST', '/subscriptions', { ...options, body: body as object })

  async function createNamed(name: string, options: CallOptions = {}, more: object = {}) {
    await answer(create({ ...NEW, name, ...more }, options), 201)
  }

  return { create, createNamed }
}
