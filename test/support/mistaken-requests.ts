import { envelopeOf, type ApiForFile } from './test-api.ts'

export const EVENT = { source: 's', type: 'jobs.a.b', timestamp: '2026-11-23T10:00:00Z' }
export const NEW = {
  name: 'mine',
  typeFilter: 'jobs.*.*',
  subjectFilter: 'x',
  deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: 'a@example.org' }],
}

/** The requests to this api that mistakes are made in. */
export const requestsTo = (api: ApiForFile) => ({
  publish: (body: unknown, query = '') =>
    api.call('POST', `/events/publish${query}`, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  create: (body: object) => api.call('POST', '/subscriptions', { body }),
})

export const messageOf = async (response: Promise<Response>, status: number) =>
  (await envelopeOf(response, status)).message
export const warnings = (response: Response) => response.headers.get('tidings-warning') ?? ''
