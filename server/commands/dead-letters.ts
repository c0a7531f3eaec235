import '../runtime/preload.ts'
import { ConfigError, readConfig } from '../config/config.ts'
import { createDatabase, type Database } from '../db/database.ts'
import { locateInstallation } from '../db/locate-installation.ts'
import { UnusableDatabase } from '../db/unusable-database.ts'
import { discard, listDeadLetters, redrive, type DeadLetter } from '../dead-letters/dead-letter-store.ts'
import { readDeadLetterOptions, USAGE } from '../dead-letters/dead-letter-options.ts'
import { deadLetterLine } from '../dead-letters/dead-letter-line.ts'
import { attachPostgres } from '../wiring/postgres.ts'
import { createLog } from '../log.ts'
import { exitOnSignal } from '../runtime/graceful-shutdown.ts'

const PAGE_SIZE = 1000
const STATEMENT_LIMIT_MS = 60_000

exitOnSignal()
process.exitCode = await main(process.argv.slice(2))

/** Returns the exit code: 0 done, 2 a uuid is not a dead letter, 1 it could not run. */
async function main(args: readonly string[]): Promise<number> {
  const read = readDeadLetterOptions(args)
  switch (read.kind) {
    case 'help':
      process.stdout.write(USAGE)
      return 0
    case 'wrong':
      process.stderr.write(`${read.violations.map((violation) => `dead-letters: ${violation}`).join('\n')}\n\n${USAGE}`)
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
    const postgres = await attachPostgres({ config: readConfig(process.env), log })
    try {
      const schema = await locateInstallation(postgres.url())
      if (schema === undefined) throw new UnusableDatabase(['there is no installation in it; start the service once'])
      const db = createDatabase({
        url: postgres.url,
        schema,
        name: 'dead letters',
        maxConnections: 1,
        statementTimeoutMs: STATEMENT_LIMIT_MS,
        answerTimeoutMs: STATEMENT_LIMIT_MS + 2000,
        log,
      })
      return await work(db).finally(() => db.close())
    } finally {
      await postgres.close()
    }
  } catch (error) {
    // the end of the program: say it in a sentence
    process.stderr.write(error instanceof ConfigError ? `${error.message}\n` : `dead-letters: ${messageOf(error)}\n`)
    return 1
  }
}

async function printAll(db: Database): Promise<number> {
  let count = 0
  for await (const letter of allDeadLetters(db)) {
    process.stdout.write(`${deadLetterLine(letter)}\n`)
    count += 1
  }
  process.stdout.write(`${count} dead letters\n`)
  return 0
}

async function redriveAll(db: Database, uuids: readonly string[] | undefined): Promise<number> {
  // Before the first one moves: what fails again at once is not redriven again.
  const { done, unknown } = await forEachUuid(uuids ?? (await uuidsOfAll(db)), (uuid) => redrive(db, uuid))
  process.stdout.write(`${done} redriven; those that fail again return to the list\n`)
  return uuids !== undefined && unknown > 0 ? 2 : 0
}

async function discardAll(db: Database, uuids: readonly string[]): Promise<number> {
  const { done, unknown } = await forEachUuid(uuids, (uuid) => discard(db, uuid))
  process.stdout.write(`${done} discarded; they will never be delivered\n`)
  return unknown > 0 ? 2 : 0
}

/** Names those that are no dead letters. */
async function forEachUuid(
  uuids: readonly string[],
  settle: (uuid: string) => Promise<boolean>,
): Promise<{ done: number; unknown: number }> {
  const unknown: string[] = []
  for (const uuid of uuids) if (!(await settle(uuid))) unknown.push(uuid)
  for (const uuid of unknown) process.stderr.write(`dead-letters: ${uuid} is not a dead letter\n`)
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
    const page = await listDeadLetters(db, last, PAGE_SIZE)
    yield* page
    last = page.at(-1)
    if (page.length < PAGE_SIZE) return
  }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
