import PgBoss from 'pg-boss'
import { setTimeout as delay } from 'node:timers/promises'
import { listenForEvents } from './event-endpoint.ts'
import { createSubscriptions, notificationsOf, type Notification } from './rival-notification.ts'
import { readRivalSettings, reportReady } from './rival-settings.ts'
import { createWebhookPool } from './webhook-pool.ts'

/** A webhook service on pg-boss: one job for each notification, fetched and completed in batches. */
const QUEUE = 'notifications'
const JOB_OPTIONS = { retryLimit: 10, retryDelay: 1, retryBackoff: true }
const CONNECTIONS = 20
/** One batch is on the wire while another is fetched or completed. */
const MAX_LOOPS = 2
/** The shortest that its `work` takes. */
const POLL_MS = 500

const { role, receiverPort, endpoints, concurrency, databaseUrl = '' } = readRivalSettings()
const LOOPS = Math.min(MAX_LOOPS, concurrency)
const boss = new PgBoss({ connectionString: databaseUrl, max: CONNECTIONS })
boss.on('error', (error) => void process.stderr.write(`${error.message}\n`))
await boss.start()
await boss.createQueue(QUEUE)

if (role !== 'api') for (let loop = 0; loop < LOOPS; loop += 1) void startWorker()
reportReady(role === 'worker' ? 'worker' : await startApi())

function startApi(): Promise<string> {
  const subscriptions = createSubscriptions(receiverPort, endpoints)
  return listenForEvents((event) => {
    const notifications = notificationsOf(event, subscriptions)
    const [first, ...others] = notifications
    if (!first) return Promise.resolve()
    if (others.length === 0) return boss.send(QUEUE, first, JOB_OPTIONS)
    return boss.insert(notifications.map((data) => ({ name: QUEUE, data, ...JOB_OPTIONS })))
  })
}

/** `work` completes or fails a batch as a whole and rests after each; fetching by hand does neither. */
async function startWorker(): Promise<never> {
  const send = createWebhookPool(concurrency)
  for (;;) {
    const jobs = await boss.fetch<Notification>(QUEUE, { batchSize: concurrency / LOOPS })
    const results = await Promise.allSettled(jobs.map(({ data }) => send(data)))
    const idsWhere = (status: string) =>
      jobs.filter((_, index) => results[index]?.status === status).map(({ id }) => id)
    const [sent, failed] = [idsWhere('fulfilled'), idsWhere('rejected')]
    if (sent.length > 0) await boss.complete(QUEUE, sent)
    if (failed.length > 0) await boss.fail(QUEUE, failed)
    if (jobs.length === 0) await delay(POLL_MS)
  }
}
