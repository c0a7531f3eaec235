import { randomUUID } from 'node:crypto'
import { sql } from '@tidings/server/db/sql.ts'
import { expect, onTestFinished } from 'vitest'
import type { TestApp } from './support/app.ts'
import { runProgram } from './support/failed-start.ts'
import { createOperator } from './support/operator.ts'
import { dataOf, eventually, numbersOf, serviceTest } from './support/service-test.ts'

const test = serviceTest()

const deadLetters = ({ db }: TestApp, ...args: string[]) => runProgram('server/dead-letters.ts', args, { DATABASE_URL: db.url })

/** From now on events whose data begin with "deadly" break their dispatch. */
async function refuseDeadly({ db }: TestApp): Promise<{ nevermore(): Promise<unknown> }> {
  await db.query(sql`
    create or replace function refuse() returns trigger language plpgsql as $$
    begin
      if exists (select from event where partition = new.partition and position = new.position and body like '%"deadly%') then
        raise exception E'indigestible\\x1b[2J' using errcode = '22021';
      end if;
      return new;
    end $$`)
  await db.query(sql`create trigger refuse before insert on notification for each row execute function refuse()`)
  return { nevermore: () => db.query(sql`drop trigger refuse on notification`) }
}

test('a dead letter is listed, and redriven gets the next number of its series; the others stay as they were', async ({ app, receiver, subject }) => {
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
    expect.stringMatching(new RegExp(`^\\S+Z  ${parked}  partition \\d+  dev  jobs.JOB_NEW_STATUS.RUNNING  SQLSTATE 22021: indigestible \\[2J$`)) as string,
    expect.stringContaining(other) as string, '2 dead letters', '',
  ])
  await nevermore()
  expect(await deadLetters(app, '--redrive', parked)).toMatchObject({ code: 0, stdout: '1 redriven; what fails again comes back to the list\n' })
  const redriven = await receiver.take(1)
  expect(dataOf(redriven)).toEqual(['deadly 1'])
  expect(numbersOf(redriven)).toEqual([3])
  expect(redriven.map(({ notification }) => notification.event.uuid)).toEqual([parked])
  expect(await deadLetters(app, '--redrive')).toMatchObject({ code: 0, stdout: '1 redriven; what fails again comes back to the list\n' })
  expect(dataOf(await receiver.take(1))).toEqual(['deadly 2'])
  expect(await deadLetters(app, '--list')).toMatchObject({ stdout: '0 dead letters\n' })
})

test('what fails again comes back to the list', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const { nevermore } = await refuseDeadly(app)
  const uuid = await app.publish({ subject, data: 'deadly again' })
  const positions = () => app.db.query<{ position: number }>(sql`select position from dead_letter where uuid = ${uuid}`)
  await eventually(positions).toHaveLength(1)
  const [before] = await positions()
  expect(await deadLetters(app, '--redrive')).toMatchObject({ code: 0 })
  await eventually(async () => (await positions()).map(({ position }) => position > (before?.position ?? 0))).toEqual([true])
  await nevermore()
  expect(await deadLetters(app, '--redrive')).toMatchObject({ code: 0 })
  expect(dataOf(await receiver.take(1))).toEqual(['deadly again'])
})

test('what is discarded is off the list and never delivered; the others stay on it', async ({ app, receiver, subject }) => {
  await app.subscribe({ addresses: [receiver.url()], subjectFilter: subject })
  const { nevermore } = await refuseDeadly(app)
  const discarded = await app.publish({ subject, data: 'deadly 1' })
  const other = await app.publish({ subject, data: 'deadly 2' })
  await eventually(() => app.db.query(sql`select from dead_letter where uuid in (${discarded}, ${other})`)).toHaveLength(2)
  expect(await deadLetters(app, '--discard', discarded)).toMatchObject({ code: 0, stdout: '1 discarded; nobody gets them any more\n', stderr: '' })
  expect(await deadLetters(app, '--discard', discarded)).toMatchObject({ code: 2, stderr: `dead-letters: ${discarded} is no dead letter\n` })
  await nevermore()
  expect(await deadLetters(app, '--redrive')).toMatchObject({ code: 0, stdout: '1 redriven; what fails again comes back to the list\n' })
  await app.publish({ subject, data: 'after' })
  expect(dataOf(await receiver.take(2))).toEqual(['deadly 2', 'after'])
})

test('a uuid that is no dead letter, a wrong command and a database that is away are told', async ({ app }) => {
  const uuid = randomUUID()
  expect(await deadLetters(app, '--redrive', uuid)).toMatchObject({ code: 2, stderr: `dead-letters: ${uuid} is no dead letter\n` })
  expect(await deadLetters(app, '--liszt')).toMatchObject({ code: 1, stderr: expect.stringContaining('--liszt: is no option') as string })
  expect(await runProgram('server/dead-letters.ts', ['--list'], { DATABASE_URL: 'postgres://127.0.0.1:1/none' })).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') as string })
})

test('the embedded database is asked beside the service, which goes on, and without it, when none is left running', async () => {
  const operator = await createOperator()
  onTestFinished(() => operator.leave())
  const list = () => runProgram('server/dead-letters.ts', ['--list'], { TIDINGS_DATA_DIR: operator.dataDir })
  const service = await operator.start()
  const pid = await service.postgresPid()
  expect(await list()).toMatchObject({ code: 0, stdout: '0 dead letters\n' })
  expect(await service.postgresPid()).toBe(pid)
  expect(await operator.readiness()).toMatchObject({ status: 200 })
  expect(await service.end('SIGTERM')).toBe(0)
  expect(await list()).toMatchObject({ code: 0, stdout: '0 dead letters\n' })
  await expect(service.postgresPid(), 'no postmaster.pid is left').rejects.toThrow('ENOENT')
})
