/** What is stored before a measurement, and how the service runs. */
export interface Setting {
  /** The first column of the table. */
  readonly name: string
  /** Subscriptions that match every event; each has an address of its own. */
  readonly matches: number
  /** Whether those name the subject of the events, or `*`. */
  readonly matchesBy: 'subject' | 'any subject'
  /** Subscriptions to other subjects, which match no event. */
  readonly otherSubjects: number
  /** Subscriptions to any subject, of other types, which match no event. */
  readonly otherTypes: number
  /** Series that the events are of. */
  readonly series: number
  /** Each series has a subject, and a subscription to it, of its own. */
  readonly hasSubscriptionPerSeries: boolean
  /** Events of former times, each with one delivered notification. */
  readonly settled: number
  readonly partitions: number
  /** A process each; the first one takes the events. */
  readonly roles: readonly ('all' | 'api' | 'dispatcher')[]
  /** Connections of the publisher. */
  readonly connections: number
}

/** One thing that grows, everything else being equal. */
export interface GrowthTable {
  readonly name: string
  /** Heads the first column. */
  readonly title: string
  /** The first one is the baseline. */
  readonly settings: readonly Setting[]
}

/** How large the largest settings are. */
export interface Sizes {
  readonly subscriptions: number
  readonly anySubject: number
  readonly matches: number
  readonly series: number
  readonly settled: number
}

export const DEFAULT_SIZES: Sizes = {
  subscriptions: 1_000_000,
  anySubject: 10_000,
  matches: 1000,
  series: 100_000,
  settled: 1_000_000,
}
export const FULL_SIZES: Sizes = { ...DEFAULT_SIZES, settled: 10_000_000 }
/** As many rows in the tables, and next to nothing to prepare. */
export const SHORT_SIZES: Sizes = { subscriptions: 2000, anySubject: 1500, matches: 100, series: 2000, settled: 1000 }

export const TABLE_NAMES = ['subscriptions', 'matches', 'series', 'settled', 'partitions', 'dispatchers'] as const

const BASELINE: Omit<Setting, 'name'> = {
  matches: 1,
  matchesBy: 'subject',
  otherSubjects: 0,
  otherTypes: 0,
  series: 1000,
  hasSubscriptionPerSeries: false,
  settled: 0,
  partitions: 32,
  roles: ['all'],
  connections: 100,
}
/** So that what is under way, two events for each connection, stays within what memory holds. */
const CONNECTIONS_OF_MANY_MATCHES = 4

const setting = (name: string, change: Partial<Setting> = {}): Setting => ({ ...BASELINE, ...change, name })
const counted = (count: number) => count.toLocaleString('en-US')

/** Returns the tables in the order of the report. Names of settings are unique within a table. */
export function growthTables(sizes: Sizes): readonly GrowthTable[] {
  const { subscriptions, anySubject, matches, series, settled } = sizes
  return [
    {
      name: 'subscriptions',
      title: 'Stored subscriptions',
      settings: [
        setting('1 to a subject'),
        setting('1,000 to a subject each', { otherSubjects: 999 }),
        setting(`${counted(subscriptions)} to a subject each`, { otherSubjects: subscriptions - 1 }),
        setting('1 to any subject', { matchesBy: 'any subject' }),
        setting('1,000 to any subject', { matchesBy: 'any subject', otherTypes: 999 }),
        setting(`${counted(anySubject)} to any subject`, { matchesBy: 'any subject', otherTypes: anySubject - 1 }),
      ],
    },
    {
      name: 'matches',
      title: 'Matches of an event',
      settings: [
        setting('1'),
        setting('10', { matches: 10 }),
        setting(counted(matches), { matches, connections: CONNECTIONS_OF_MANY_MATCHES }),
      ],
    },
    {
      name: 'series',
      title: 'Live series',
      settings: [
        setting('1,000'),
        setting('1', { series: 1 }),
        setting(counted(series), { series }),
        setting(`${counted(series)}, a subscription each`, { series, hasSubscriptionPerSeries: true }),
      ],
    },
    {
      name: 'settled',
      title: 'Settled notifications stored',
      settings: [setting('0'), setting(counted(settled), { settled })],
    },
    { name: 'partitions', title: 'Partitions', settings: [setting('32'), setting('1', { partitions: 1 })] },
    {
      name: 'dispatchers',
      title: 'Processes',
      settings: [
        setting('all'),
        setting('api + dispatcher', { roles: ['api', 'dispatcher'] }),
        setting('api + 2 dispatchers', { roles: ['api', 'dispatcher', 'dispatcher'] }),
      ],
    },
  ]
}

/** One start of the service with one setting, under each of the loads. */
export interface PlannedTurn {
  readonly setting: Setting
  readonly round: number
  /** Which turn of this plan is the baseline to compare it with; undefined: it is the baseline. */
  readonly comparedWith: number | undefined
}

/**
 * Returns the turns of a table. Each setting is measured beside a baseline of its own, before and after it in turns, so
 * that a machine which becomes slower is no growth. `isPaired` false: one baseline a round serves them all.
 */
export function planTurns({ settings }: GrowthTable, rounds: number, isPaired: boolean): PlannedTurn[] {
  const [baseline, ...grown] = settings
  if (baseline === undefined) throw new Error('a table has a baseline')
  const turns: PlannedTurn[] = []
  for (let round = 0; round < rounds; round += 1) {
    if (!isPaired) turns.push({ setting: baseline, round, comparedWith: undefined })
    const common = turns.length - 1
    for (const one of grown) {
      const [isFirst, at] = [round % 2 === 0, turns.length]
      if (!isPaired) turns.push({ setting: one, round, comparedWith: common })
      else {
        const base = { setting: baseline, round, comparedWith: undefined }
        const other = { setting: one, round, comparedWith: isFirst ? at : at + 1 }
        turns.push(...(isFirst ? [base, other] : [other, base]))
      }
    }
  }
  return turns
}
