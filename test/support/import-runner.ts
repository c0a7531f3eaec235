import { runProgram } from './program-runner.ts'

export interface ImportResult {
  readonly code: number | null
  readonly stderr: string
  /** The report, line by line. */
  readonly lines: readonly string[]
  /** What became of the counters of the series, without what is 0. */
  series(): Readonly<Record<string, number>>
  /** The columns of the report that are not 0, for one tenant or `in all`. */
  counts(row?: string): Readonly<Record<string, number>>
}

const COLUMNS = ['copied', 'already there', 'ended here', 'expired', 'test', 'invalid', 'name taken', 'uuid taken']

/**
 * Runs the import as an operator does, to its end. `databaseUrl` undefined: into the embedded PostgreSQL that `env`
 * says.
 */
export async function runImport(
  from: string,
  databaseUrl: string | undefined,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ImportResult> {
  const target: Record<string, string> = databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }
  const { code, stdout, stderr } = await runProgram('server/commands/import.ts', ['--from', from, ...args], {
    ...target,
    ...env,
  })
  const lines = stdout.split('\n')
  return { code, stderr, lines, counts: (row = 'in all') => countsIn(lines, row), series: () => seriesIn(lines) }
}

function countsIn(lines: readonly string[], row: string): Record<string, number> {
  const cells =
    lines
      .find((line) => line.startsWith(`${row} `))
      ?.slice(row.length)
      .trim()
      .split(/ +/) ?? []
  return Object.fromEntries(
    COLUMNS.flatMap((column, index) => (Number(cells[index]) > 0 ? [[column, Number(cells[index])]] : [])),
  )
}

function seriesIn(lines: readonly string[]): Record<string, number> {
  const line = lines.find((each) => each.startsWith('Counters of series: ')) ?? ''
  return Object.fromEntries(
    [...line.matchAll(/(\d+) ([a-z ]+)[,.]/g)].flatMap(([, count, title = '']) =>
      Number(count) > 0 ? [[title, Number(count)]] : [],
    ),
  )
}
