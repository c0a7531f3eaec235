import type { Client } from '@tidings/harness/client.ts'
import { byAddress, type PlannedMail } from './mail-plan.ts'

/** Subscribes every address of the plan, each to a subject of its own. */
export async function subscribeAll(client: Client, plan: readonly PlannedMail[]): Promise<void> {
  for (const address of new Set(plan.map((mail) => mail.address))) {
    await expectStatus(client, 201, '/subscriptions', {
      typeFilter: 'jobs.*.*',
      subjectFilter: address,
      deliveryTargets: [{ deliveryMethod: 'EMAIL', deliveryAddress: address }],
    })
  }
}

/**
 * Publishes an event for each mail: those of an address one after the other, in one series, the addresses side by side.
 */
export async function publishAll(client: Client, plan: readonly PlannedMail[]): Promise<void> {
  await Promise.all(
    [...byAddress(plan)].map(async ([address, mails]) => {
      for (const { number } of mails) {
        await expectStatus(client, 200, '/events/publish', {
          source: 'https://tapis.io/jobs',
          type: `jobs.RUN.M${number}`,
          subject: address,
          seriesId: address,
          timestamp: new Date().toISOString(),
          data: JSON.stringify({
            newJobStatus: 'RUNNING',
            oldJobStatus: 'QUEUED',
            jobName: 'run',
            jobOwner: 'jdoe',
            message: 'x'.repeat(500),
          }),
        })
      }
    }),
  )
}

async function expectStatus(client: Client, status: number, path: string, body: unknown): Promise<void> {
  const answer = await client.call('POST', path, body)
  if (answer.status !== status) throw new Error(`${path} returned ${answer.status}: ${answer.body?.message ?? ''}`)
}
