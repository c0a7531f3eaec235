import { runBullMqService } from './bullmq-service.ts'
import { notificationsOf } from './rival-notification.ts'
import { createWebhookPool } from './webhook-pool.ts'

/** BullMQ at its best: a job has the text that is sent, and goes out by `dispatch` of undici instead of `fetch`. */
await runBullMqService({ jobsOf: notificationsOf, createSend: createWebhookPool })
