import type { DemoService } from './demo-service.ts'
import type { Endpoint } from './endpoint.ts'
import type { Ledger } from './ledger.ts'

const CATCH_UP_LIMIT_MS = 20_000

export interface InjectFaultsDeps {
  readonly service: DemoService
  readonly portal: Endpoint
  readonly gateway: Endpoint
  readonly ledger: Ledger
  /** Prints a line for the audience. */
  readonly tell: (kind: 'bad' | 'good', text: string) => void
  readonly signal: AbortSignal
}

/** Injects all faults while the jobs run, each at its time. Resolves when everything works again. */
export async function injectFaults(deps: InjectFaultsDeps): Promise<void> {
  const { gateway, ledger, tell } = deps
  await published(6, deps)
  tell('bad', 'the gateway goes down: it responds with 503 from now on')
  gateway.goDown()
  const gatewayIsBack = ledger.begin('the gateway is down, it responds with 503')

  await published(12, deps)
  await killService(deps)

  await published(20, deps)
  gateway.comeUp()
  gatewayIsBack()
  tell('good', 'the gateway is back')
  await Promise.all([seeCatchingUp(deps), published(27, deps).then(() => killEverything(deps))])
}

const published = (count: number, { ledger, signal }: InjectFaultsDeps) =>
  ledger.until(`${count} events were published`, () => ledger.publications.length >= count, { signal })

/**
 * Kills the service after the portal has taken a notification, and before the service has recorded that. So the
 * notification comes twice (at-least-once).
 */
async function killService({ service, portal, ledger, tell }: InjectFaultsDeps): Promise<void> {
  const respondTooLate = await portal.holdNext()
  tell('bad', 'kill -9 of the service, while the portal is handling a notification')
  const isBack = ledger.begin('the service is killed (kill -9)')
  await service.kill()
  respondTooLate()
  await restart(service, tell)
  isBack()
}

/** Kills everything while a publish is on the wire: its publisher cannot know whether the event was stored. */
async function killEverything({ service, ledger, tell, signal }: InjectFaultsDeps): Promise<void> {
  await ledger.until('a publish is in flight', () => ledger.sent > ledger.publications.length, { signal })
  tell('bad', 'kill -9 of the service and its PostgreSQL together, while an event is being published')
  const isBack = ledger.begin('the service and its PostgreSQL are killed (kill -9)')
  await service.killBoth()
  await restart(service, tell)
  isBack()
}

async function seeCatchingUp({ gateway, ledger, tell, signal }: InjectFaultsDeps): Promise<void> {
  const backlog = ledger.publications.map((publication) => publication.eventUuid)
  const hasCaughtUp = await ledger.holdsInTime(() => backlog.every((uuid) => isTaken(ledger, gateway.name, uuid)), {
    signal,
    limitMs: CATCH_UP_LIMIT_MS,
  })
  if (hasCaughtUp) tell('good', 'the gateway has caught up')
  else tell('bad', 'the gateway is still missing something') // the summary names it
}

async function restart(service: DemoService, tell: InjectFaultsDeps['tell']): Promise<void> {
  await service.start()
  tell('good', `the service is started again: ready ${service.url()}`)
}

/** Returns whether the receiver has taken the notification of this event. */
export const isTaken = (ledger: Ledger, receiver: string, eventUuid: string) =>
  ledger.arrivals.some(
    (arrival) => arrival.isAccepted && arrival.receiver === receiver && arrival.eventUuid === eventUuid,
  )
