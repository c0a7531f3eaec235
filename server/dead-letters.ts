import './runtime/first.ts'
import { ConfigError, readConfig } from './config.ts'
import { createDatabase, type Database } from './db/database.ts'
import { locateInstallation } from './db/locate.ts'
import { UnusableDatabase } from './db/unusable-database.ts'
import { discard, listDeadLetters, redrive, type DeadLetter } from './dead-letters/store.ts'
import { readOptions, USAGE } from './dead-letters/options.ts'
import { lineOf } from './dead-letters/line.ts'
import { joinEngine } from './engine.ts'
import { createLog } from './log.ts'
import { endAtOnce } from './runtime/process-end.ts'

const PAGE = 1000
const STATEMENT_LIMIT_MS = 60_000

endAtOnce()
process.exitCode = await main(process.argv.slice(2))

/** Answers the exit code: 0 done, 2 a uuid is no dead letter, 1 it could not run. */
async function main(args: readonly string[]): Promise<number> {
  const read = readOptions(args)
  switch (read.kind) {
    case 'help':
      process.stdout.write(USAGE)
      return 0
    case 'wrong':
      process.stderr.write(`${read.faults.map((fault) => `dead-letters: ${fault}`).join('\n')}\n\n${USAGE}`)
      return 1
    case 'list':
      return withDatabase(printAll)
    case 'redrive':
      return withDatabase((db) => redriveAll(db, read.uuids))
    case 'discard':
      return withDatabase((db) => discardAll(db, read.uuids))
    default:
      return read satisfies never
  }
}

async function withDatabase(work: (db: Database) => Promise<number>): Promise<number> {
  const log = createLog({ level: 'warn' })
  try {
    const engine = await joinEngine({ config: readConfig(process.env), log })
    try {
      const schema = await locateInstallation(engine.url())
      if (schema === undefined) throw new UnusableDatabase(['there is no installation in it; start the service once'])
      const db = createDatabase({ url: engine.url, schema, name: 'dead letters', maxConnections: 1, statementTimeoutMs: STATEMENT_LIMIT_MS, answerTimeoutMs: STATEMENT_LIMIT_MS + 2000, log })
      return await work(db).finally(() => db.close())
    } finally {
      await engine.close()
    }
  } catch (error) { // the end of the program: say it in a sentence
    process.stderr.write(error instanceof ConfigError ? `${error.message}\n` : `dead-letters: ${messageOf(error)}\n`)
    return 1
  }
}

async function printAll(db: Database): Promise<number> {
  let count = 0
  for await (const letter of allDeadLetters(db)) {
    process.stdout.write(`${lineOf(letter)}\n`)
    count += 1
  }
  process.stdout.write(`${count} dead letters\n`)
  return 0
}

async function redriveAll(db: Database, uuids: readonly string[] | undefined): Promise<number> {
  // Before the first one moves: what fails again at once is not redriven again.
  const { done, unknown } = await each(uuids ?? (await uuidsOfAll(db)), (uuid) => redrive(db, uuid))
  process.stdout.write(`${done} redriven; what fails again comes back to the list\n`)
  return uuids !== undefined && unknown > 0 ? 2 : 0
}

async function discardAll(db: Database, uuids: readonly string[]): Promise<number> {
  const { done, unknown } = await each(uuids, (uuid) => discard(db, uuid))
  process.stdout.write(`${done} discarded; nobody gets them any more\n`)
  return unknown > 0 ? 2 : 0
}

/** Names those that are no dead letters. */
async function each(uuids: readonly string[], settle: (uuid: string) => Promise<boolean>): Promise<{ done: number; unknown: number }> {
  const unknown: string[] = []
  for (const uuid of uuids) if (!(await settle(uuid))) unknown.push(uuid)
  for (const uuid of unknown) process.stderr.write(`dead-letters: ${uuid} is no dead letter\n`)
  return { done: uuids.length - unknown.length, unknown: unknown.length }
}

async function uuidsOfAll(db: Database): Promise<string[]> {
  const uuids: string[] = []
  for await (const { uuid } of allDeadLetters(db)) uuids.push(uuid)
  return uuids
}

async function* allDeadLetters(db: Database): AsyncGenerator<DeadLetter> {
  let last: DeadLetter | undefined
  for (;;) {
    const page = await listDeadLetters(db, last, PAGE)
    yield* page
    last = page.at(-1)
    if (page.length < PAGE) return
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
