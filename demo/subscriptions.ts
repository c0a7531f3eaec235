import { isObject } from '@tidings/contract/is-object.ts'
import type { Client } from '@tidings/harness/client.ts'
import type { Job } from './job-events.ts'

/**
 * Subscribes an address to everything about one job, as Jobs does when its user asks for it: for the owner of the job,
 * without a name, for as long as Jobs' default (protocol 8.2). `client` speaks as the service jobs, for the owner.
 */
export async function subscribe(
  client: Client,
  job: Job,
  receiver: { readonly name: string; readonly url: string },
): Promise<void> {
  const { status, body } = await client.call('POST', '/subscriptions', {
    description: `${receiver.name} follows ${job.name}`,
    owner: job.owner,
    enabled: true,
    typeFilter: 'jobs.*.*',
    subjectFilter: job.uuid,
    deliveryTargets: [{ deliveryMethod: 'WEBHOOK', deliveryAddress: receiver.url }],
    ttlMinutes: 10_080,
  })
  if (status !== 201)
    throw new Error(
      `could not subscribe ${receiver.name} to ${job.name}: ${status} ${body?.message ?? 'without a message'}`,
    )
}

/** Returns how many subscriptions to these jobs are left, of all owners. */
export async function countSubscriptions(client: Client, jobs: readonly Job[]): Promise<number> {
  const { status, body } = await client.call('GET', '/subscriptions?limit=-1&select=allAttributes&anyOwner=true')
  if (status !== 200 || !Array.isArray(body?.result))
    throw new Error(`could not list the subscriptions: ${status} ${body?.message ?? 'without a message'}`)
  const subjects = new Set(jobs.map((job) => job.uuid))
  return body.result.filter((one: unknown) => subjects.has(subjectOf(one))).length
}

const subjectOf = (one: unknown) => (isObject(one) ? String(one.subjectFilter) : '')
