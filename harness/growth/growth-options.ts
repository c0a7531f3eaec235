import { readCommandLine } from '@tidings/server/runtime/command-line.ts'
import { hasProtocol } from '../bench/has-protocol.ts'
import { repeatedNames, unknownNames } from '../bench/plan.ts'
import { DEFAULT_SIZES, FULL_SIZES, SHORT_SIZES, TABLE_NAMES, type Sizes } from './growth-tables.ts'

export const HELP = `Measures whether Tidings stays as fast while it grows: events/s and CPU time per event at full
speed, and latency at a fixed rate, with much stored and with little, alternately, on this machine.

  node --import tsx harness/growth/main.ts [--only TABLE,...] [--seconds 7] [--warmup 3] [--rounds 3] [--rate 200]
                                           [--full] [--short] [--postgres URL] [--json FILE] [--write PAGE]

--only       some of the tables: ${TABLE_NAMES.join(', ')}
--seconds    of each of the two loads; --warmup: of load before them
--rate       notifications/s for the latencies
--full       10,000,000 settled notifications instead of 1,000,000
--short      1 s and small tables: only checks that it runs
--postgres   a server to use instead of an embedded one, with an account that may create databases
--write      writes each table into a page, between the two markers that have its name

Exit code 1 if an event was lost, repeated or out of order, or if something could not be measured.
`

const OPTIONS = {
  only: { type: 'string' },
  seconds: { type: 'string' },
  warmup: { type: 'string' },
  rounds: { type: 'string' },
  rate: { type: 'string' },
  full: { type: 'boolean' },
  short: { type: 'boolean' },
  postgres: { type: 'string' },
  json: { type: 'string' },
  write: { type: 'string' },
  help: { type: 'boolean' },
} as const

export interface GrowthOptions {
  /** Names of tables. */
  readonly only: readonly string[]
  readonly seconds: number
  readonly warmup: number
  readonly rounds: number
  readonly ratePerS: number
  readonly sizes: Sizes
  /** Each setting has a baseline of its own. */
  readonly isPaired: boolean
  readonly postgresUrl: string | undefined
  readonly json: string | undefined
  readonly write: string | undefined
}

export type GrowthRequest =
  | { readonly kind: 'run'; readonly options: GrowthOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'fault'; readonly faults: readonly string[] }

type Values = ReadonlyMap<keyof typeof OPTIONS, string | undefined>

/** What a number may be, both ends included; `isWhole`: without a fraction. */
const RANGES = {
  seconds: { least: 0.1, most: 3600, isWhole: false },
  warmup: { least: 0, most: 3600, isWhole: false },
  rounds: { least: 1, most: 100, isWhole: true },
  rate: { least: 1, most: 10_000, isWhole: true },
} as const

/** Reads the command line. Whatever is wrong with it is a fault, a sentence each. */
export function readGrowthOptions(args: readonly string[]): GrowthRequest {
  const { values, violations } = readCommandLine(args, OPTIONS)
  if (values.has('help')) return { kind: 'help' }
  const isShort = values.has('short')
  const numberOf = (name: keyof typeof RANGES, unlessGiven: number) => Number(values.get(name) ?? unlessGiven)
  const options = {
    only: values.get('only')?.split(',') ?? TABLE_NAMES,
    seconds: numberOf('seconds', isShort ? 1 : 7),
    warmup: numberOf('warmup', isShort ? 0.2 : 3),
    rounds: numberOf('rounds', isShort ? 1 : 3),
    ratePerS: numberOf('rate', 200),
    sizes: isShort ? SHORT_SIZES : values.has('full') ? FULL_SIZES : DEFAULT_SIZES,
    isPaired: !isShort,
    postgresUrl: values.get('postgres'),
    json: values.get('json'),
    write: values.get('write'),
  }
  const faults = [...violations, ...rangeFaults(values), ...otherFaults(options, values)]
  return faults.length > 0 ? { kind: 'fault', faults } : { kind: 'run', options }
}

function rangeFaults(values: Values): string[] {
  return Object.entries(RANGES).flatMap(([name, { least, most, isWhole }]) => {
    const text = values.get(name as keyof typeof RANGES)
    const isNumber = text === undefined || (isWhole ? /^\d+$/ : /^\d+(\.\d+)?$/).test(text)
    return isNumber && (text === undefined || (Number(text) >= least && Number(text) <= most))
      ? []
      : [`--${name}: is not a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}: ${text}`]
  })
}

function otherFaults({ only, postgresUrl }: GrowthOptions, values: Values): string[] {
  return [
    ...unknownNames(only, TABLE_NAMES).map((name) => `--only: there is no ${name || 'table without a name'}`),
    ...repeatedNames(only).map((name) => `--only: has ${name} twice`),
    ...(values.has('full') && values.has('short') ? ['--full: is the opposite of --short'] : []),
    ...(postgresUrl !== undefined && !hasProtocol(postgresUrl, ['postgres:', 'postgresql:'])
      ? ['--postgres: is not an address of a PostgreSQL (postgres://...)']
      : []),
  ]
}
