import { randomUUID } from 'node:crypto'
import { expect, onTestFinished } from 'vitest'
import type { TestApp } from './support/test-app.ts'
import { runProgram } from './support/program-runner.ts'
import { createOperator } from './support/operator.ts'
import { dataOf, eventually, numbersOf, serviceTest } from './support/service-fixtures.ts'
import { acceptNotifications, refuseNotifications, storedDeadLetters } from './support/stored-state.ts'

const test = serviceTest()

const deadLetters = ({ db }: TestApp, ...args: string[]) =>
  runProgram('server/commands/dead-letters.ts', args, { DATABASE_URL: db.url })

/** From now on events whose data begin with "deadly" break their dispatch. */
async function refuseDeadly({ db }: TestApp): Promise<{ nevermore(): Promise<unknown> }> {
  await refuseNotifications(db, '"deadly', { message: 'indigestible\x1b[2J' })
  return { nevermore: () => acceptNotifications(db) }
}

test('a dead letter is listed; redriven, it gets the next number of its series; the others stay', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const { nevermore } = await refuseDeadly(app)
  await app.publish({ subject, data: 'a' })
  const parked = await app.publish({ subject, data: 'deadly 1' })
  const other = await app.publish({ subject, data: 'deadly 2' })
  await app.publish({ subject, data: 'b' })
  expect(dataOf(await receiver.take(2))).toEqual(['a', 'b'])
  const listed = await deadLetters(app, '--list')
  expect(listed.code).toBe(0)
  expect(listed.stdout.split('\n')).toEqual([
    expect.stringMatching(
      new RegExp(
        `^\\S+Z  ${parked}  partition \\d+  dev  jobs.JOB_NEW_STATUS.RUNNING  SQLSTATE 22021: indigestible \\[2J$`,
      ),
    ) as string,
    expect.stringContaining(other) as string,
    '2 dead letters',
    '',
  ])
  await nevermore()
  expect(await deadLetters(app, '--redrive', parked)).toMatchObject({
    code: 0,
    stdout: '1 redriven; those that fail again return to the list\n',
  })
  const redriven = await receiver.take(1)
  expect(dataOf(redriven)).toEqual(['deadly 1'])
  expect(numbersOf(redriven)).toEqual([3])
  expect(redriven.map(({ notification }) => notification.event.uuid)).toEqual([parked])
  expect(await deadLetters(app, '--redrive')).toMatchObject({
    code: 0,
    stdout: '1 redriven; those that fail again return to the list\n',
  })
  expect(dataOf(await receiver.take(1))).toEqual(['deadly 2'])
  expect(await deadLetters(app, '--list')).toMatchObject({ stdout: '0 dead letters\n' })
})

test('a record that fails again returns to the list', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const { nevermore } = await refuseDeadly(app)
  const uuid = await app.publish({ subject, data: 'deadly again' })
  const positions = async () => (await storedDeadLetters(app.db)).filter((one) => one.uuid === uuid)
  await eventually(positions).toHaveLength(1)
  const [before] = await positions()
  expect(await deadLetters(app, '--redrive')).toMatchObject({ code: 0 })
  await eventually(async () => (await positions()).map(({ position }) => position > (before?.position ?? 0))).toEqual([
    true,
  ])
  await nevermore()
  expect(await deadLetters(app, '--redrive')).toMatchObject({ code: 0 })
  expect(dataOf(await receiver.take(1))).toEqual(['deadly again'])
})

test('a discarded record is off the list and never delivered; the others stay on it', async ({
  app,
  receiver,
  subject,
}) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const { nevermore } = await refuseDeadly(app)
  const discarded = await app.publish({ subject, data: 'deadly 1' })
  const other = await app.publish({ subject, data: 'deadly 2' })
  await eventually(async () => (await storedDeadLetters(app.db)).map(({ uuid }) => uuid)).toEqual(
    expect.arrayContaining([discarded, other]),
  )
  expect(await deadLetters(app, '--discard', discarded)).toMatchObject({
    code: 0,
    stdout: '1 discarded; they will never be delivered\n',
    stderr: '',
  })
  expect(await deadLetters(app, '--discard', discarded)).toMatchObject({
    code: 2,
    stderr: `dead-letters: ${discarded} is not a dead letter\n`,
  })
  await nevermore()
  expect(await deadLetters(app, '--redrive')).toMatchObject({
    code: 0,
    stdout: '1 redriven; those that fail again return to the list\n',
  })
  await app.publish({ subject, data: 'after' })
  expect(dataOf(await receiver.take(2))).toEqual(['deadly 2', 'after'])
})

test('a uuid that is not a dead letter, a wrong command and an unreachable database are reported', async ({ app }) => {
  const uuid = randomUUID()
  expect(await deadLetters(app, '--redrive', uuid)).toMatchObject({
    code: 2,
    stderr: `dead-letters: ${uuid} is not a dead letter\n`,
  })
  expect(await deadLetters(app, '--liszt')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--liszt: is not an option') as string,
  })
  expect(
    await runProgram('server/commands/dead-letters.ts', ['--list'], { DATABASE_URL: 'postgres://127.0.0.1:1/none' }),
  ).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') as string })
})

test('the embedded database is read beside the running service, and without one', async () => {
  const operator = await createOperator()
  onTestFinished(() => operator.cleanUp())
  const list = () => runProgram('server/commands/dead-letters.ts', ['--list'], { TIDINGS_DATA_DIR: operator.dataDir })
  const service = await operator.start()
  const pid = await service.postgresPid()
  expect(await list()).toMatchObject({ code: 0, stdout: '0 dead letters\n' })
  expect(await service.postgresPid()).toBe(pid)
  expect(await operator.readiness()).toMatchObject({ status: 200 })
  expect(await service.end('SIGTERM')).toBe(0)
  expect(await list()).toMatchObject({ code: 0, stdout: '0 dead letters\n' })
  await expect(service.postgresPid(), 'no postmaster.pid is left').rejects.toThrow('ENOENT')
})
