import { readCommandLine } from '@tidings/server/runtime/command-line.ts'
import { hasProtocol } from './has-protocol.ts'
import { SERIES_DIGITS } from './load/event-mark.ts'
import { repeatedNames, unknownNames } from './plan.ts'
import { SCENARIOS } from './scenarios.ts'
import { allSystems } from './systems/all-systems.ts'

export const HELP = `Measures Tidings beside what would be used instead, alternately, on this machine: events/s counted
at the receiver, latency from the intended time of sending, CPU time per event and process, memory.

  node --import tsx harness/bench/main.ts [--scenario NAME,...] [--systems ID,...] [--seconds 30] [--warmup 5]
                                          [--rounds 3] [--connections 100] [--series 1000] [--backlog 2000]
                                          [--node FILE] [--postgres URL] [--against REVISION]
                                          [--json FILE] [--svg FILE] [--write PAGE] [--out DIR] [--short] [--list]

--list       prints the scenarios and the systems
--against    measures the Tidings of a revision of this repository (a tag, HEAD~1) beside this one
--node       the Node.js that runs the services
--postgres   a server to use instead of embedded ones; each measurement makes a database on it and removes it
--backlog    at full speed the publisher pauses while so many notifications are under way; at least two for each
             connection
--write      writes the figures into a page, between its two markers
--out        writes results.json, results.svg and results.md into a directory
--short      2 s of a few systems: checks that the benchmark runs

RABBITMQ_URL names a RabbitMQ (amqp://guest:guest@127.0.0.1:5672). Redis servers are started from the PATH.
Exit code 1 if an event was lost, or if Tidings broke its order.
`

const OPTIONS = {
  scenario: { type: 'string' },
  systems: { type: 'string' },
  seconds: { type: 'string' },
  warmup: { type: 'string' },
  rounds: { type: 'string' },
  connections: { type: 'string' },
  series: { type: 'string' },
  backlog: { type: 'string' },
  node: { type: 'string' },
  postgres: { type: 'string' },
  against: { type: 'string' },
  json: { type: 'string' },
  svg: { type: 'string' },
  write: { type: 'string' },
  out: { type: 'string' },
  short: { type: 'boolean' },
  list: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const SHORT = {
  scenarios: ['saturation'],
  systems: ['tidings-database', 'bullmq', 'ceiling'],
  seconds: 2,
  warmup: 0.5,
  rounds: 1,
}

export interface BenchOptions {
  /** Undefined: all. */
  readonly scenarios: readonly string[] | undefined
  /** Undefined: those of each scenario. */
  readonly systems: readonly string[] | undefined
  readonly seconds: number
  readonly warmup: number
  readonly rounds: number
  readonly connections: number
  readonly series: number
  readonly backlog: number
  readonly node: string
  readonly postgresUrl: string | undefined
  readonly against: string | undefined
  readonly json: string | undefined
  readonly svg: string | undefined
  readonly write: string | undefined
  readonly out: string | undefined
}

export type BenchRequest =
  | { readonly kind: 'run'; readonly options: BenchOptions }
  | { readonly kind: 'list' }
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly faults: readonly string[] }

/** What a number may be, both ends included; `isWhole`: without a fraction. */
interface Range {
  readonly least: number
  readonly most: number
  readonly isWhole: boolean
}

const DAY_S = 86_400

const RANGES = {
  seconds: { least: 0.1, most: DAY_S, isWhole: false },
  warmup: { least: 0, most: DAY_S, isWhole: false },
  rounds: { least: 1, most: 1000, isWhole: true },
  connections: { least: 1, most: 10_000, isWhole: true },
  series: { least: 1, most: 10 ** SERIES_DIGITS, isWhole: true },
  backlog: { least: 1, most: 10 ** 9, isWhole: true },
} as const satisfies Readonly<Record<string, Range>>

type Values = ReadonlyMap<keyof typeof OPTIONS, string | undefined>

/**
 * Reads the command line. Whatever is wrong with it is a fault, a sentence each; what only the machine can tell (files,
 * revisions, programs) is looked at by `faultsOnMachine`.
 */
export function readBenchOptions(args: readonly string[]): BenchRequest {
  const { values, violations } = readCommandLine(args, OPTIONS)
  if (values.has('help')) return { kind: 'help' }
  const isShort = values.has('short')
  const numberOf = (name: keyof typeof RANGES, unlessGiven: number) => Number(values.get(name) ?? unlessGiven)
  const listOf = (name: 'scenario' | 'systems') => values.get(name)?.split(',')
  const options = {
    scenarios: listOf('scenario') ?? (isShort ? SHORT.scenarios : undefined),
    systems: listOf('systems') ?? (isShort ? SHORT.systems : undefined),
    seconds: numberOf('seconds', isShort ? SHORT.seconds : 30),
    warmup: numberOf('warmup', isShort ? SHORT.warmup : 5),
    rounds: numberOf('rounds', isShort ? SHORT.rounds : 3),
    connections: numberOf('connections', 100),
    series: numberOf('series', 1000),
    backlog: numberOf('backlog', 2000),
    node: values.get('node') ?? process.execPath,
    postgresUrl: values.get('postgres'),
    against: values.get('against'),
    json: values.get('json'),
    svg: values.get('svg'),
    write: values.get('write'),
    out: values.get('out'),
  }
  const faults = [...violations, ...rangeFaults(values), ...nameFaults(options), ...otherFaults(options, values)]
  if (faults.length > 0) return { kind: 'fault', faults }
  return values.has('list') ? { kind: 'list' } : { kind: 'run', options }
}

function rangeFaults(values: Values): string[] {
  return Object.entries(RANGES).flatMap(([name, range]) => {
    const text = values.get(name as keyof typeof RANGES)
    return text === undefined || isWithin(text, range)
      ? []
      : [`--${name}: is not a ${range.isWhole ? 'whole ' : ''}number from ${range.least} to ${range.most}: ${text}`]
  })
}

const isWithin = (text: string, { least, most, isWhole }: Range) =>
  (isWhole ? /^\d+$/ : /^\d+(\.\d+)?$/).test(text) && Number(text) >= least && Number(text) <= most

function nameFaults({ scenarios, systems }: BenchOptions): string[] {
  const names = SCENARIOS.map(({ name }) => name)
  const ids = allSystems(undefined).map(({ id }) => id)
  return [
    ...unknownNames(scenarios, names).map((name) => `--scenario: there is no ${name || 'scenario without a name'}`),
    ...unknownNames(systems, ids).map((id) => `--systems: there is no ${id || 'system without a name'}`),
    ...repeatedNames(scenarios).map((name) => `--scenario: has ${name} twice`),
    ...repeatedNames(systems).map((id) => `--systems: has ${id} twice`),
  ]
}

/** Options that are right in themselves, and would have no effect beside the others. */
function otherFaults({ connections, backlog, systems, against, postgresUrl }: BenchOptions, values: Values): string[] {
  return [
    ...(values.has('backlog') && backlog < 2 * connections
      ? [`--backlog: is less than two for each connection: ${backlog}`]
      : []),
    ...(against !== undefined && systems?.every((id) => !id.startsWith('tidings')) === true
      ? ['--against: none of the systems is Tidings']
      : []),
    ...(postgresUrl !== undefined && !hasProtocol(postgresUrl, ['postgres:', 'postgresql:'])
      ? ['--postgres: is not an address of a PostgreSQL (postgres://...)']
      : []),
  ]
}
