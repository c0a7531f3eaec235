import type { DemoService } from './demo-service.ts'
import type { Endpoint } from './endpoint.ts'
import type { Ledger } from './ledger.ts'

const CATCH_UP_LIMIT_MS = 20_000

export interface StoryParts {
  readonly service: DemoService
  readonly portal: Endpoint
  readonly gateway: Endpoint
  readonly ledger: Ledger
  /** One line for whoever watches. */
  readonly tell: (kind: 'bad' | 'good', text: string) => void
  readonly signal: AbortSignal
}

/** Everything that goes wrong while the jobs run, and when. Resolves when all is well again. */
export async function makeTrouble(parts: StoryParts): Promise<void> {
  const { gateway, ledger, tell } = parts
  await published(6, parts)
  tell('bad', 'the gateway goes down: it answers 503 from now on')
  gateway.goDown()
  const gatewayIsBack = ledger.begin('the gateway is down, it answers 503')

  await published(12, parts)
  await killService(parts)

  await published(20, parts)
  gateway.comeUp()
  gatewayIsBack()
  tell('good', 'the gateway is back')
  await Promise.all([seeCatchingUp(parts), published(27, parts).then(() => killEverything(parts))])
}

const published = (count: number, { ledger, signal }: StoryParts) =>
  ledger.until(`${count} events were published`, () => ledger.publications.length >= count, { signal })

/** With a notification in the portal's hand: it took it, and the service dies before it has noted that. So it comes twice. */
async function killService({ service, portal, ledger, tell }: StoryParts): Promise<void> {
  const answerTooLate = await portal.holdNext()
  tell('bad', 'kill -9 of the service, while the portal has a notification in hand')
  const isBack = ledger.begin('the service is killed (kill -9)')
  await service.kill()
  answerTooLate()
  await restart(service, tell)
  isBack()
}

/** With a publish on the wire: whether the event was stored, its publisher cannot know. */
async function killEverything({ service, ledger, tell, signal }: StoryParts): Promise<void> {
  await ledger.until('a publish is on the wire', () => ledger.sent > ledger.publications.length, { signal })
  tell('bad', 'kill -9 of the service and its PostgreSQL together, while an event is being published')
  const isBack = ledger.begin('the service and its PostgreSQL are killed (kill -9)')
  await service.killBoth()
  await restart(service, tell)
  isBack()
}

async function seeCatchingUp({ gateway, ledger, tell, signal }: StoryParts): Promise<void> {
  const backlog = ledger.publications.map((publication) => publication.eventUuid)
  const hasCaughtUp = await ledger.holdsInTime(() => backlog.every((uuid) => isTaken(ledger, gateway.name, uuid)), { signal, limitMs: CATCH_UP_LIMIT_MS })
  if (hasCaughtUp) tell('good', 'the gateway has caught up')
  else tell('bad', 'the gateway still misses something') // the check will name it
}

async function restart(service: DemoService, tell: StoryParts['tell']): Promise<void> {
  await service.start()
  tell('good', `the service is started again: ready ${service.url()}`)
}

/** The receiver has taken the notification of this event. */
export const isTaken = (ledger: Ledger, receiver: string, eventUuid: string) =>
  ledger.arrivals.some((arrival) => arrival.isAccepted && arrival.receiver === receiver && arrival.eventUuid === eventUuid)
