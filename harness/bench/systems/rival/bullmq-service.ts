import { Queue, Worker } from 'bullmq'
import type { EventInput } from '@tidings/contract/event.ts'
import { listenForEvents } from './event-endpoint.ts'
import { createSubscriptions, type Subscriptions } from './rival-notification.ts'
import { readRivalSettings, reportReady } from './rival-settings.ts'

const QUEUE = 'notifications'
const JOB = 'deliver'
const JOB_OPTIONS = {
  attempts: 10,
  backoff: { type: 'exponential', delay: 1000 },
  removeOnComplete: true,
  removeOnFail: 5000,
}

/** In what the services on BullMQ differ. */
export interface Delivery<Data> {
  /** Returns what is queued for an event: a job for each of its notifications. */
  jobsOf(event: EventInput, subscriptions: Subscriptions): readonly Data[]
  /** Returns how a job is delivered, `concurrency` of them at once. It rejects unless the response is a 2xx. */
  createSend(concurrency: number): (data: Data) => Promise<void>
}

/** A webhook service on BullMQ, as its documentation advises: a job for each notification, removed when it is done. */
export async function runBullMqService<Data>({ jobsOf, createSend }: Delivery<Data>): Promise<void> {
  const { role, receiverPort, endpoints, concurrency, redisPort = 6379 } = readRivalSettings()
  const connection = { host: '127.0.0.1', port: redisPort, maxRetriesPerRequest: null }

  function startApi(): Promise<string> {
    const subscriptions = createSubscriptions(receiverPort, endpoints)
    const queue = new Queue<Data, void, string, Data, void, string>(QUEUE, {
      connection,
      defaultJobOptions: JOB_OPTIONS,
    })
    return listenForEvents((event) => {
      const [first, ...others] = jobsOf(event, subscriptions)
      if (first === undefined) return Promise.resolve()
      if (others.length === 0) return queue.add(JOB, first)
      return queue.addBulk([first, ...others].map((data) => ({ name: JOB, data })))
    })
  }

  function startWorker(): void {
    const send = createSend(concurrency)
    const worker = new Worker<Data, void>(QUEUE, ({ data }) => send(data), { connection, concurrency })
    worker.on('error', (error) => void process.stderr.write(`${error.message}\n`))
  }

  if (role !== 'api') startWorker()
  reportReady(role === 'worker' ? 'worker' : await startApi())
}
