import type { MeteredProcess } from '../stats/cpu-meter.ts'

/** What a system is started with. */
export interface SystemContext {
  /** For its files; it exists, and is removed afterwards. */
  readonly directory: string
  /** Where notifications go: endpoint n is at `/t/n`. */
  readonly receiverPort: number
  /** Every event goes to each of them. */
  readonly endpoints: number
  /** Nothing but the order of its series may decide when an event is sent. */
  readonly isOrdered: boolean
  readonly settings: ServerSettings
}

/** The same for every measurement. */
export interface ServerSettings {
  /** The Node.js that runs the services. */
  readonly node: string
  /** A server to use instead of the embedded one. */
  readonly postgresUrl: string | undefined
  readonly rabbitMqUrl: string
}

export interface RunningSystem {
  /** Where events are published. */
  readonly publishTo: {
    readonly host: string
    readonly port: number
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    /** Of all events; unless given, each series has a subject of its own. */
    readonly subject?: string
  }
  readonly processes: readonly MeteredProcess[]
  /** What it does for durability, as read from its servers or as they were started. */
  readonly durability: string
  /** Of the PostgreSQL that it uses. */
  readonly postgresVersion?: string
  /** Stops everything that was started, and removes what it has left outside of its directory. */
  stop(): Promise<void>
}

/** Something that takes events over HTTP and delivers them over HTTP. */
export interface System {
  readonly id: string
  readonly title: string
  /** What it keeps, in a few words. */
  readonly promises: string
  /** Notifications have a number within their series, and come in its order. */
  readonly isNumbered: boolean
  /** Returns why it cannot be measured here; undefined if it can. */
  missing(settings: ServerSettings): Promise<string | undefined>
  start(context: SystemContext): Promise<RunningSystem>
}

/** Collects what has to be undone, the latest first. */
export interface CleanUp {
  add(undo: () => Promise<unknown>): void
  run(): Promise<void>
}

export function createCleanUp(): CleanUp {
  const steps: (() => Promise<unknown>)[] = []
  return {
    add: (undo) => void steps.push(undo),
    async run() {
      const failures: unknown[] = []
      for (const undo of steps.splice(0).reverse()) await undo().catch((error: unknown) => failures.push(error))
      if (failures.length > 0) throw new AggregateError(failures, 'not everything was stopped')
    },
  }
}

/** Starts something in steps. What was started is undone if a step fails. */
export async function startInSteps<T>(start: (cleanUp: CleanUp) => Promise<T>): Promise<T & { stop(): Promise<void> }> {
  const cleanUp = createCleanUp()
  try {
    return { ...(await start(cleanUp)), stop: cleanUp.run }
  } catch (error) {
    await cleanUp.run().catch(() => undefined)
    throw error
  }
}
