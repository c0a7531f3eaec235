import { randomUUID } from 'node:crypto'

/** A job of the Jobs service, and how it will end. */
export interface Job {
  readonly name: string
  /** Also the subject and the series of its events. */
  readonly uuid: string
  readonly owner: string
  readonly end: 'FINISHED' | 'FAILED'
  /** What the application reports while it runs, if anything. */
  readonly report?: string
}

export interface JobEvent {
  readonly type: string
  readonly data: string
  readonly deleteSubscriptionsMatchingSubject: boolean
}

/** Creates a job. Its uuid ends with -007, by which Jobs distinguishes jobs from subscriptions. */
export const newJob = (job: Omit<Job, 'uuid'>): Job => ({ ...job, uuid: `${randomUUID()}-007` })

/**
 * Returns everything that Jobs publishes about a job, from its submission to its end, in order (Tapis Jobs:
 * JobEventManager; protocol 8.3, 8.4).
 */
export function jobEventsOf(job: Job, startedAt: Date = new Date()): JobEvent[] {
  const { event, status } = eventsOf(job)
  const before = [
    event(
      'JOB_SUBSCRIPTION.ADDED',
      { action: 'added', numSubscriptions: 2 },
      `2 subscriptions were added to job ${job.uuid}.`,
    ),
    status('PENDING', null),
    status('PROCESSING_INPUTS', 'PENDING'),
    status('STAGING_INPUTS', 'PROCESSING_INPUTS'),
    transfer(job, 'INPUT'),
    status('STAGING_JOB', 'STAGING_INPUTS'),
    status('SUBMITTING_JOB', 'STAGING_JOB'),
    status('QUEUED', 'SUBMITTING_JOB'),
    status('RUNNING', 'QUEUED'),
    ...(job.report === undefined ? [] : [userEvent(job.report)]),
  ]
  if (job.end === 'FINISHED')
    return [
      ...before,
      status('ARCHIVING', 'RUNNING'),
      transfer(job, 'ARCHIVE'),
      lastStatus(job, 'ARCHIVING', startedAt),
    ]
  return [
    ...before,
    event('JOB_ERROR_MESSAGE.FAILED', { jobStatus: 'FAILED' }, failureText(job)),
    lastStatus(job, 'RUNNING', startedAt),
  ]
}

/** Returns `data` with the members that all of them end with. It is JSON inside a JSON string. */
const dataOf = (job: Job, members: object, message: string) =>
  JSON.stringify({ ...members, jobName: job.name, jobUuid: job.uuid, jobOwner: job.owner, message })

function eventsOf(job: Job) {
  const event = (type: string, members: object, message: string): JobEvent => ({
    type: `jobs.${type}`,
    data: dataOf(job, members, message),
    deleteSubscriptionsMatchingSubject: false,
  })
  const status = (now: string, before: string | null): JobEvent =>
    event(
      `JOB_NEW_STATUS.${now}`,
      { newJobStatus: now, oldJobStatus: before },
      `Job ${job.uuid} changed its status from ${before ?? 'none'} to ${now}.`,
    )
  return { event, status }
}

function transfer(job: Job, direction: 'INPUT' | 'ARCHIVE'): JobEvent {
  const members = { transferStatus: 'COMPLETED', transactionId: randomUUID() }
  return eventsOf(job).event(
    `JOB_${direction}_TRANSACTION_ID.COMPLETED`,
    members,
    `The ${direction.toLowerCase()} transfer of job ${job.uuid} is complete.`,
  )
}

/** The one kind whose data is free text. */
const userEvent = (text: string): JobEvent => ({
  type: 'jobs.JOB_USER_EVENT.DEFAULT',
  data: text,
  deleteSubscriptionsMatchingSubject: false,
})

/**
 * Returns the last event, the only one with the delete flag and the details of the remote run. Jobs writes null for
 * details that it does not know.
 */
function lastStatus(job: Job, before: string, startedAt: Date): JobEvent {
  const isFine = job.end === 'FINISHED'
  const members = {
    newJobStatus: job.end,
    oldJobStatus: before,
    blockedCount: 0,
    condition: isFine ? 'NORMAL_COMPLETION' : 'JOB_REMOTE_OUTCOME_ERROR',
    remoteJobId: '4711042',
    remoteJobId2: null,
    remoteOutcome: job.end,
    remoteResultInfo: isFine ? '0' : '137',
    remoteQueue: 'normal',
    remoteSubmitted: startedAt.toISOString(),
    remoteStarted: null,
    remoteEnded: null,
  }
  const { type, data } = eventsOf(job).event(
    `JOB_NEW_STATUS.${job.end}`,
    members,
    `Job ${job.uuid} ended as ${job.end}.`,
  )
  return { type, data, deleteSubscriptionsMatchingSubject: true }
}

const failureText = (job: Job) => `Job ${job.uuid} (${job.name}) of ${job.owner} failed:
1. The application ended with exit code 137 on the execution system.
2. slurmstepd: error: Detected 1 oom_kill event in StepId=4711042.0. Some of the step tasks have been OOM Killed.
3. No output was archived because archiveOnAppError is false.`
