import type { Receivers } from '../world/receivers.ts'
import { createApi, type Api } from './api-process.ts'
import { createDispatcher, type Dispatcher } from './dispatcher-process.ts'
import type { SentRequest } from './sender.ts'
import type { World } from './sim-process.ts'

export interface FleetDeps {
  readonly world: World
  readonly receivers: Receivers
  readonly onSend: (dispatcher: Dispatcher, uuid: string) => SentRequest
}

const DISPATCHERS = 3
const APIS = 2

/** A place for a process: one runs there, is killed, and another one is started. */
export interface Slot<Process> {
  readonly name: string
  /** Undefined while there is none. */
  current: Process | undefined
  start(): void
}

/** The processes of the service: three dispatchers and two apis. */
export interface Fleet {
  readonly dispatchers: readonly Slot<Dispatcher>[]
  readonly apis: readonly Slot<Api>[]
}

export function createFleet({ world, receivers, onSend }: FleetDeps): Fleet {
  function slot<Process>(name: string, create: (name: string) => Process): Slot<Process> {
    let starts = 0
    const made: Slot<Process> = {
      name,
      current: undefined,
      start() {
        starts += 1
        world.trace.note(name, () => `starts (${starts})`)
        made.current = create(starts === 1 ? name : `${name}.${starts}`)
      },
    }
    return made
  }

  const numbered = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
  return {
    dispatchers: numbered(DISPATCHERS).map((number) =>
      slot(`d${number}`, (name) => createDispatcher({ world, receivers, onSend }, name)),
    ),
    apis: numbered(APIS).map((number) => slot(`a${number}`, (name) => createApi(world, name))),
  }
}
