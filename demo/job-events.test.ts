import { expect, test } from 'vitest'
import { jobEventsOf, newJob, type Job } from './job-events.ts'

const finishing = newJob({ name: 'wind-tunnel', owner: 'jdoe', end: 'FINISHED' })
const failing = newJob({ name: 'climate', owner: 'asmith', end: 'FAILED' })
const typesOf = (job: Job) => jobEventsOf(job).map(({ type }) => type.replace('jobs.', ''))

test('a job that finishes goes through every status in the order of Jobs', () => {
  const statuses = typesOf(finishing)
    .filter((type) => type.startsWith('JOB_NEW_STATUS'))
    .map((type) => type.split('.')[1])
  expect(statuses).toEqual([
    'PENDING',
    'PROCESSING_INPUTS',
    'STAGING_INPUTS',
    'STAGING_JOB',
    'SUBMITTING_JOB',
    'QUEUED',
    'RUNNING',
    'ARCHIVING',
    'FINISHED',
  ])
})

test('a job that fails says why before its last status', () => {
  expect(typesOf(failing).slice(-2)).toEqual(['JOB_ERROR_MESSAGE.FAILED', 'JOB_NEW_STATUS.FAILED'])
})

test('only the last status deletes the subscriptions', () => {
  for (const job of [finishing, failing]) {
    expect(
      jobEventsOf(job)
        .map((event) => event.deleteSubscriptionsMatchingSubject)
        .lastIndexOf(false),
    ).toBe(jobEventsOf(job).length - 2)
    expect(jobEventsOf(job).filter((event) => event.deleteSubscriptionsMatchingSubject)).toHaveLength(1)
  }
})

test('every type is one that the service accepts, and data names the job', () => {
  for (const { type, data } of jobEventsOf(finishing)) {
    expect(type).toMatch(/^jobs\.[A-Z_]+\.[A-Z_]+$/)
    expect(JSON.parse(data)).toMatchObject({ jobName: 'wind-tunnel', jobUuid: finishing.uuid, jobOwner: 'jdoe' })
  }
})

test('the data of a user event is the text of the application, unwrapped', () => {
  expect(jobEventsOf({ ...finishing, report: 'epoch 10' })).toContainEqual({
    type: 'jobs.JOB_USER_EVENT.DEFAULT',
    data: 'epoch 10',
    deleteSubscriptionsMatchingSubject: false,
  })
})
