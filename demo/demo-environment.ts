import { createDemoService, type DemoService } from './demo-service.ts'
import { startEndpoint, type Endpoint } from './endpoint.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { createLiveView, type LiveView } from './live-view.ts'
import type { Paint } from './paint.ts'

export const RECEIVERS = ['portal', 'gateway'] as const

export interface DemoEnvironmentDeps {
  readonly paint: Paint
  readonly write: (line: string) => void
  /** Ends a start in progress. */
  readonly signal: AbortSignal
}

/** Everything that runs during a demo. */
export interface DemoEnvironment {
  readonly service: DemoService
  readonly portal: Endpoint
  readonly gateway: Endpoint
  readonly ledger: Ledger
  readonly view: LiveView
  /** Ends everything and leaves nothing behind: no process, no port, no directory. */
  close(): Promise<void>
}

/** Creates the service without starting it, and starts the receivers. */
export async function openDemoEnvironment({ paint, write, signal }: DemoEnvironmentDeps): Promise<DemoEnvironment> {
  const ledger = createLedger()
  const view = createLiveView({ ledger, receivers: RECEIVERS, paint, write })
  const [portal, gateway] = await Promise.all([open('portal'), open('gateway')])
  const service = await createDemoService(signal)

  function open(name: (typeof RECEIVERS)[number]): Promise<Endpoint> {
    return startEndpoint({
      name,
      now: ledger.now,
      onArrival: (arrival, notification) => {
        ledger.arrive(arrival)
        if (ledger.isOver) view.visitor(name, notification)
        else view.arrival(arrival)
      },
    })
  }

  return {
    service,
    portal,
    gateway,
    ledger,
    view,
    async close() {
      await service.stop()
      await Promise.all([portal.close(), gateway.close()])
    },
  }
}
