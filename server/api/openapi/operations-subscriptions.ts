import type { Operation, Refusal } from './operation.ts'
import { ANY_OWNER, NAME, OWNED_BY, SELECT_ALL, SUBJECT, TTL_MINUTES, UUID } from './parameters.ts'

const ABSENT: Refusal = { code: 'NTFAPI_NOT_FOUND', description: 'There is no such subscription, or none that the caller may know of.' }
const OWN = 'Users may do this with their own subscriptions, tenant administrators and services with all of the tenant.'
const TARGETS = [{ deliveryMethod: 'WEBHOOK', deliveryAddress: 'https://portal.example.org/hooks/jobs' }]

const COMMON = { tag: 'Subscriptions', who: 'caller' } as const

export const SUBSCRIPTIONS: readonly Operation[] = [
  {
    ...COMMON, id: 'postSubscription', method: 'POST', path: '/subscriptions', who: 'service',
    summary: 'Create a subscription',
    description: 'It counts from the answer on. Every fault of the request is named at once. It has at most 100 targets, unless the service is set otherwise. For services, which may create one for any user.',
    body: { model: 'ReqPostSubscription', description: 'The subscription.', example: { name: 'job-42', typeFilter: 'jobs.*.*', subjectFilter: 'job-42', deliveryTargets: TARGETS, ttlMinutes: 1440 } },
    success: { status: 201, model: 'RespResourceUrl', description: 'It is created.', mayWarn: true },
    refusals: { 409: { code: 'NTFAPI_SUBSCR_EXISTS', description: 'The owner has a subscription of this name.' } },
  },
  {
    ...COMMON, id: 'getSubscriptionByName', method: 'GET', path: '/subscriptions/byName/:name',
    summary: 'Read a subscription, by its name',
    description: OWN,
    parameters: [NAME, SELECT_ALL, OWNED_BY],
    success: { status: 200, model: 'RespSubscription', description: 'The subscription.' },
    refusals: { 404: ABSENT },
  },
  {
    ...COMMON, id: 'patchSubscriptionByName', method: 'PATCH', path: '/subscriptions/byName/:name',
    summary: 'Change a subscription',
    description: `Changes the members that are given. Name and owner never change; \`enabled\` and \`ttlMinutes\` have operations of their own. \`typeFilter\`, \`subjectFilter\` and \`deliveryTargets\` are for services to change; a user who gives one of them is refused, unless the service is set otherwise. ${OWN}`,
    parameters: [NAME, OWNED_BY],
    body: { model: 'ReqPatchSubscription', description: 'The changes.', example: { description: 'For the portal', deliveryTargets: TARGETS } },
    success: { status: 200, model: 'RespResourceUrl', description: 'It is changed.', mayWarn: true },
    refusals: { 404: ABSENT },
  },
  {
    ...COMMON, id: 'deleteSubscriptionByName', method: 'DELETE', path: '/subscriptions/byName/:name',
    summary: 'Delete a subscription, by its name',
    description: `What waits to be delivered for it is cancelled. If there is none, nothing is changed, and that is no error. ${OWN}`,
    parameters: [NAME, OWNED_BY],
    success: { status: 200, model: 'RespChangeCount', description: 'There is no such subscription any more.' },
  },
  {
    ...COMMON, id: 'getSubscriptionByUuid', method: 'GET', path: '/subscriptions/byUuid/:uuid',
    summary: 'Read a subscription, by its uuid',
    description: OWN,
    parameters: [UUID, SELECT_ALL],
    success: { status: 200, model: 'RespSubscription', description: 'The subscription.' },
    refusals: { 404: ABSENT },
  },
  {
    ...COMMON, id: 'deleteSubscriptionByUuid', method: 'DELETE', path: '/subscriptions/byUuid/:uuid',
    summary: 'Delete a subscription, by its uuid',
    description: `As \`deleteSubscriptionByName\`. ${OWN}`,
    parameters: [UUID],
    success: { status: 200, model: 'RespChangeCount', description: 'There is no such subscription any more.' },
  },
  {
    ...COMMON, id: 'deleteSubscriptionsBySubject', method: 'DELETE', path: '/subscriptions/bySubject/:subject',
    summary: 'Delete the subscriptions to a subject',
    description: `All that have exactly this \`subjectFilter\`. ${OWN}`,
    parameters: [SUBJECT, OWNED_BY, ANY_OWNER],
    success: { status: 200, model: 'RespChangeCount', description: 'There are no such subscriptions any more.' },
  },
  {
    ...COMMON, id: 'isEnabled', method: 'GET', path: '/subscriptions/:name/isEnabled',
    summary: 'Is a subscription enabled?',
    description: OWN,
    parameters: [NAME, OWNED_BY],
    success: { status: 200, model: 'RespBoolean', description: 'Whether it is.' },
    refusals: { 404: ABSENT },
  },
  {
    ...COMMON, id: 'enableSubscription', method: 'POST', path: '/subscriptions/:name/enable',
    summary: 'Enable a subscription',
    description: `From now on events match it again. ${OWN}`,
    parameters: [NAME, OWNED_BY],
    success: { status: 200, model: 'RespChangeCount', description: 'It is enabled, as it may have been before.' },
    refusals: { 404: ABSENT },
  },
  {
    ...COMMON, id: 'disableSubscription', method: 'POST', path: '/subscriptions/:name/disable',
    summary: 'Disable a subscription',
    description: `From now on no event matches it; what has matched already goes out. ${OWN}`,
    parameters: [NAME, OWNED_BY],
    success: { status: 200, model: 'RespChangeCount', description: 'It is disabled, as it may have been before.' },
    refusals: { 404: ABSENT },
  },
  {
    ...COMMON, id: 'updateTTL', method: 'POST', path: '/subscriptions/:name/updateTTL/:ttlMinutes',
    summary: 'Move the end of a subscription',
    description: OWN,
    parameters: [NAME, TTL_MINUTES, OWNED_BY],
    success: { status: 200, model: 'RespChangeCount', description: 'It ends then.' },
    refusals: { 404: ABSENT },
  },
]
