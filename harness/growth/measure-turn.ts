import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { measure, type Measurement, type MeasureOptions } from '../bench/measure.ts'
import type { Scenario } from '../bench/scenarios.ts'
import type { BenchDatabase } from '../bench/servers/bench-postgres.ts'
import type { RunningSystem, System } from '../bench/systems/system.ts'
import { beginWork, type DatabaseWork } from './database-work.ts'
import type { Setting } from './growth-tables.ts'
import { removeMeasured } from './prefill.ts'
import { startPrefilled } from './prefilled-tidings.ts'

const BODY_BYTES = 1024
const MAX_BACKLOG = 2000

/** One setting, once. Rates and CPU times are of notifications counted at the receiver. */
export interface Turn {
  /** At a fixed rate: for latencies. */
  readonly steady: Measurement
  /** As many as it takes: for events/s and CPU times. */
  readonly saturated: Measurement
  /** Of the database, at full speed. */
  readonly work: DatabaseWork
  readonly violations: readonly string[]
}

export interface TurnOptions extends Pick<MeasureOptions, 'seconds' | 'warmup' | 'settings' | 'signal'> {
  readonly parent: string
  /** Of the receiver, as the subscriptions name it. */
  readonly receiverPort: number
  /** Of notifications, in the steady load; with many matches at least one event a second. */
  readonly ratePerS: number
}

/** Starts the service on a prepared database, measures both loads, and stops it. */
export async function measureTurn(setting: Setting, database: BenchDatabase, options: TurnOptions): Promise<Turn> {
  const { parent, signal, ratePerS } = options
  await removeMeasured(database.url, setting)
  const directory = join(parent, 'turn')
  await mkdir(directory)
  try {
    const running = await startPrefilled({ setting, database, dataDir: join(directory, 'data'), signal })
    const load: Load = (ofLoad) =>
      measure(systemOf(setting, running), scenarioOf(setting, ofLoad), {
        ...options,
        directory,
        series: setting.series,
        connections: setting.connections,
        maxBacklog: MAX_BACKLOG,
      })
    const { steady, saturated, begun } = await measureLoads(load, database.url, ratePerS / setting.matches).finally(
      running.stop,
    )
    const violations = [steady, saturated].flatMap((one) => violationsOf(one, setting))
    return { steady, saturated, work: await begun.end(), violations }
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }
}

type Load = (ofLoad: Pick<Scenario, 'name' | 'ratePerS'>) => Promise<Measurement>

async function measureLoads(load: Load, url: string, ratePerS: number) {
  const steady = await load({ name: 'steady', ratePerS: Math.max(1, ratePerS) })
  const begun = await beginWork(url)
  const saturated = await load({ name: 'saturated', ratePerS: undefined })
  return { steady, saturated, begun }
}

/**
 * A service that runs already, and goes on when a load has ended. Series go on as well, so that what arrives is known
 * by the publisher's numbers.
 */
const systemOf = ({ name }: Setting, running: RunningSystem): System => ({
  id: name,
  title: name,
  promises: '',
  isNumbered: false,
  missing: () => Promise.resolve(undefined),
  start: () => Promise.resolve({ ...running, stop: () => Promise.resolve() }),
})

const scenarioOf = ({ matches }: Setting, { name, ratePerS }: Pick<Scenario, 'name' | 'ratePerS'>): Scenario => ({
  name,
  title: name,
  ratePerS,
  bodyBytes: BODY_BYTES,
  endpoints: Array.from({ length: matches }, () => ({ delayMs: 0, failShare: 0 })),
  isOneSeries: false,
  systems: [],
})

/** With fewer series than connections the publisher's numbers have no order. */
function violationsOf(measurement: Measurement, { series, connections }: Setting): string[] {
  const { scenario, repeated, early, rejected, firstRejection } = measurement
  return [
    ...measurement.violations,
    ...(repeated > 0 ? [`${repeated} notifications repeated`] : []),
    ...(early > 0 && series >= connections ? [`${early} notifications out of order`] : []),
    ...(rejected > 0 ? [`${rejected} events rejected: ${firstRejection?.split('\r\n')[0] ?? ''}`] : []),
  ].map((violation) => `${scenario}: ${violation}`)
}
