import { join } from 'node:path'
import { findFreePort } from '../free-port.ts'
import { openDatabase, type BenchDatabase } from '../bench/servers/bench-postgres.ts'
import { createCleanUp, type CleanUp } from '../bench/systems/system.ts'
import { settingFigures, type SettingFigures } from './growth-figures.ts'
import { planTurns, type GrowthTable, type PlannedTurn } from './growth-tables.ts'
import { measureTurn, type Turn, type TurnOptions } from './measure-turn.ts'
import { prefill } from './prefill.ts'

export interface GrowthRunOptions extends Omit<TurnOptions, 'receiverPort'> {
  readonly rounds: number
  readonly isPaired: boolean
  readonly write: (line: string) => void
}

export interface TableResult {
  readonly table: GrowthTable
  readonly figures: readonly SettingFigures[]
  /** By their place in the plan; undefined: it failed. */
  readonly turns: readonly (Turn | undefined)[]
  /** A sentence each: what could not be measured, and what went wrong with events. */
  readonly failures: readonly string[]
}

/** Measures tables one after the other, each with databases of its own on one server. Calls `onTable` with each. */
export async function runGrowth(
  tables: readonly GrowthTable[],
  options: GrowthRunOptions,
  onTable: (result: TableResult) => Promise<void>,
): Promise<void> {
  const cleanUp = createCleanUp()
  try {
    const { postgresUrl } = options.settings
    const own = postgresUrl === undefined ? await openDatabase(options.parent, undefined) : undefined
    if (own !== undefined) cleanUp.add(own.remove)
    const server = own?.url ?? postgresUrl ?? ''
    const receiverPort = await findFreePort()
    for (const table of tables) {
      options.signal.throwIfAborted()
      await onTable(await measureTable(table, server, { ...options, receiverPort }))
    }
  } finally {
    await cleanUp.run()
  }
}

interface TableOptions extends GrowthRunOptions, TurnOptions {}

async function measureTable(table: GrowthTable, server: string, options: TableOptions): Promise<TableResult> {
  const { rounds, isPaired, signal, write } = options
  const cleanUp = createCleanUp()
  const turns: (Turn | undefined)[] = []
  const failures: string[] = []
  const plan = planTurns(table, rounds, isPaired)
  try {
    const databases = await prepareDatabases(table, server, { ...options, cleanUp })
    for (const planned of plan) {
      signal.throwIfAborted()
      const database = databases.get(planned.setting.name)
      if (database === undefined) throw new Error(`${planned.setting.name} is not prepared`)
      const turn = await measureTurn(planned.setting, database, options).catch((error: unknown) => {
        signal.throwIfAborted()
        failures.push(`${table.name}, ${planned.setting.name}: ${messageOf(error)}`)
        write(`  failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
        return undefined
      })
      turns.push(turn)
      if (turn === undefined) continue
      write(progressOf(planned, turn))
      failures.push(...turn.violations.map((violation) => `${table.name}, ${planned.setting.name}: ${violation}`))
    }
  } finally {
    await cleanUp.run()
  }
  return { table, figures: settingFigures(plan, turns), turns, failures }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''

/** Makes a database for each setting. */
async function prepareDatabases(
  { name, settings }: GrowthTable,
  server: string,
  { parent, receiverPort, signal, write, cleanUp }: TableOptions & { readonly cleanUp: CleanUp },
): Promise<ReadonlyMap<string, BenchDatabase>> {
  const databases = new Map<string, BenchDatabase>()
  for (const setting of settings) {
    signal.throwIfAborted()
    const startedAt = performance.now()
    const database = await openDatabase(join(parent, 'unused'), server)
    cleanUp.add(database.remove)
    await prefill(database.url, setting, (index) => `http://127.0.0.1:${receiverPort}/t/${index}`)
    databases.set(setting.name, database)
    write(`${name}: ${setting.name} is prepared, ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  }
  return databases
}

function progressOf({ setting, round }: PlannedTurn, { steady, saturated, work, violations }: Turn): string {
  const { p50, p99 } = steady.latencies.healthy
  const { node = NaN, postgresql = NaN } = saturated.cpuMicros
  return [
    `  ${round + 1} ${setting.name}: ${Math.round(saturated.receivedPerS)}/s, CPU us node ${Math.round(node)} ` +
      `PostgreSQL ${Math.round(postgresql)}, ${work.pages.toFixed(1)} pages, ` +
      `${Math.round(work.walBytes)} bytes of WAL, p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms`,
    ...violations.map((violation) => `  VIOLATION: ${violation}`),
  ].join('\n')
}
