import type { Endpoint } from './load/receiver-questions.ts'

/** What is published, where it goes, and which systems are measured by default. */
export interface Scenario {
  readonly name: string
  readonly title: string
  /** Undefined: as fast as it goes, each connection publishes when it has its response. */
  readonly ratePerS: number | undefined
  readonly bodyBytes: number
  readonly endpoints: readonly Endpoint[]
  /** All events are of one series, and the order of the series counts. */
  readonly isOneSeries: boolean
  /** At full speed the publisher pauses while more notifications are under way; undefined: as the options say. */
  readonly maxBacklog?: number
  readonly systems: readonly string[]
  /** The scenario without the endpoint that is slow or fails. */
  readonly comparedWith?: string
}

const KIB = 1024
const PROMPT: Endpoint = { delayMs: 0, failShare: 0 }
const TEN_PROMPT = Array.from({ length: 10 }, () => PROMPT)

const TIDINGS = ['tidings-database', 'tidings-rabbitmq']
const ONE_PROCESS = [...TIDINGS, 'bullmq']
const TWO_PROCESSES = ['tidings-database-split', 'tidings-rabbitmq-split', 'bullmq-split']
const DURABLE_RIVALS = ['bullmq-fsync', 'bullmq-fsync-split', 'pg-boss']
const TUNED = 'bullmq-tuned'
const TUNED_OTHERS = ['bullmq-tuned-split', 'bullmq-tuned-fsync']

const DEFAULTS = { ratePerS: undefined, bodyBytes: KIB, endpoints: [PROMPT], isOneSeries: false }

export const SCENARIOS: readonly Scenario[] = [
  {
    ...DEFAULTS,
    name: 'saturation',
    title: 'As many as it takes: 1 KB, one match',
    systems: [...ONE_PROCESS, TUNED, ...TWO_PROCESSES, ...DURABLE_RIVALS, ...TUNED_OTHERS, 'ceiling'],
  },
  {
    ...DEFAULTS,
    name: 'rate-200',
    title: '200 events/s: 1 KB, one match',
    ratePerS: 200,
    systems: [...ONE_PROCESS, TUNED, ...TWO_PROCESSES, 'bullmq-fsync', 'pg-boss', 'ceiling'],
  },
  {
    ...DEFAULTS,
    name: 'rate-1000',
    title: '1,000 events/s: 1 KB, one match',
    ratePerS: 1000,
    systems: [...ONE_PROCESS, TUNED, ...TWO_PROCESSES, 'bullmq-fsync', 'ceiling'],
  },
  {
    ...DEFAULTS,
    name: 'one-series',
    title: 'One single series, in order, to a receiver that takes 1 ms to respond',
    endpoints: [{ delayMs: 1, failShare: 0 }],
    isOneSeries: true,
    maxBacklog: 500,
    systems: [...ONE_PROCESS, TUNED],
  },
  {
    ...DEFAULTS,
    name: 'ten-matches',
    title: 'As many as it takes: 1 KB, ten matches each; notifications are counted',
    endpoints: TEN_PROMPT,
    systems: [...ONE_PROCESS, TUNED],
  },
  {
    ...DEFAULTS,
    name: 'ten-endpoints',
    title: '30 events/s to each of ten endpoints, all prompt',
    ratePerS: 30,
    endpoints: TEN_PROMPT,
    systems: ONE_PROCESS,
  },
  {
    ...DEFAULTS,
    name: 'slow-endpoint',
    title: '30 events/s to each of ten endpoints, one of which takes 2 s to respond',
    ratePerS: 30,
    endpoints: [...TEN_PROMPT.slice(1), { delayMs: 2000, failShare: 0 }],
    systems: ONE_PROCESS,
    comparedWith: 'ten-endpoints',
  },
  {
    ...DEFAULTS,
    name: 'failing-endpoint',
    title: '30 events/s to each of ten endpoints, one of which fails every other time',
    ratePerS: 30,
    endpoints: [...TEN_PROMPT.slice(1), { delayMs: 0, failShare: 0.5 }],
    systems: ONE_PROCESS,
    comparedWith: 'ten-endpoints',
  },
  {
    ...DEFAULTS,
    name: 'body-16k',
    title: 'As many as it takes: 16 KB, one match',
    bodyBytes: 16 * KIB,
    systems: [...ONE_PROCESS, TUNED, 'ceiling'],
  },
  {
    ...DEFAULTS,
    name: 'body-256k',
    title: 'As many as it takes: 256 KB, one match',
    bodyBytes: 256 * KIB,
    systems: [...ONE_PROCESS, TUNED, 'ceiling'],
  },
]
