import type { Channel } from 'rabbitmq-client'
import type { Log } from '../../log.ts'
import { AlreadyTold } from '../../runtime/failure-words.ts'
import { withLimit } from '../../runtime/limit.ts'
import { createLoop, type Worker } from '../../runtime/loop.ts'
import { BrokerError, type EventRecord } from '../broker.ts'
import { inBrackets } from './faults.ts'
import { cutIntoMessages } from './group.ts'
import { createKeptChannel } from './kept-channel.ts'
import type { Link } from './link.ts'
import type { Names } from './names.ts'
import { createSender, type Sender, type Sent } from './sender.ts'
import { declareAll } from './topology.ts'

/** A write that is not confirmed for so long is given up, and with it the connection. */
const CONFIRM_LIMIT_MS = 5000
/** Within this a process that publishes nothing learns that the broker is blocked. */
const TOUCH_EVERY_MS = 2000

/** What is in a queue cannot be compared. */
const NONE: ReadonlySet<EventRecord> = new Set()

export interface PublisherParts {
  readonly link: Pick<Link, 'acquire' | 'trouble' | 'renew'>
  readonly names: Names
  readonly partitions: readonly number[]
  readonly log: Log
}

export interface Publisher extends Worker {
  /** See `Broker.publish`. */
  publish(records: readonly EventRecord[]): Promise<ReadonlySet<EventRecord>>
  trouble(): string | undefined
  /** Those who wait for a confirm wait no longer: it may never come. */
  stalled(error: Error): void
  /** Resolves when a channel is ready, or with what the first attempt ended with. */
  opened(): Promise<Error | undefined>
}

/** Writes groups of records, each confirmed by the broker. Makes exchange and queues on every new channel. */
export function createPublisher({ link, names, partitions, log }: PublisherParts): Publisher {
  let sender: Sender | undefined
  const waiting = new Set<(error: Error) => void>()
  let markOpened: (error: Error | undefined) => void = () => undefined
  const firstOpening = new Promise<Error | undefined>((resolve) => {
    markOpened = resolve
  })
  const kept = createKeptChannel({ name: 'publish channel', link, prepare, onReady: () => markOpened(undefined), onLost: markOpened, log })
  const touching = createLoop({ name: 'rabbitmq touch', log, turn: touch })

  async function prepare(channel: Channel): Promise<void> {
    await declareAll(channel, names, partitions)
    sender = await createSender(channel, names)
  }

  const trouble = () => link.trouble() ?? (kept.current() ? undefined : `not ready${inBrackets(kept.fault())}`)

  function touch(): Promise<number> {
    if (trouble() === undefined) sender?.touch()
    return Promise.resolve(TOUCH_EVERY_MS)
  }

  async function publish(records: readonly EventRecord[]): Promise<ReadonlySet<EventRecord>> {
    const reason = trouble()
    if (reason !== undefined || !sender) throw new BrokerError('not_stored', new AlreadyTold(reason ?? 'not ready'))
    const fates = await fatesOf(sender, records)
    if (fates.every(({ fate }) => fate === 'stored')) return NONE
    const cause = fates.find(({ error }) => error)?.error
    throw new BrokerError(fates.every(({ fate }) => fate === 'not_stored') ? 'not_stored' : 'unknown', cause)
  }

  async function fatesOf({ send }: Sender, records: readonly EventRecord[]): Promise<readonly Sent[]> {
    let giveUp: (error: Error) => void = () => undefined
    const stalled = new Promise<never>((_, reject) => {
      giveUp = reject
    })
    waiting.add(giveUp)
    const sent = cutIntoMessages(records).map(send)
    try {
      const fates = await withLimit(CONFIRM_LIMIT_MS, () => Promise.race([Promise.all(sent), stalled]))
      if (fates.some(({ isReturned }) => isReturned)) kept.replace(new Error('a queue is missing'))
      return fates
    } catch (error) {
      // A broker that is blocked says so and answers later; one that says nothing gets a new connection.
      if (link.trouble() === undefined) link.renew()
      return [{ fate: 'unknown', error }]
    } finally {
      waiting.delete(giveUp)
    }
  }

  return {
    publish,
    trouble,
    stalled: (error) => waiting.forEach((giveUp) => giveUp(error)),
    opened: () => firstOpening,
    start() {
      for (const worker of [kept, touching]) worker.start()
    },
    async stop() {
      await Promise.all([touching.stop(), kept.stop()])
    },
  }
}
