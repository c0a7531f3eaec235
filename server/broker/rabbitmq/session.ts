import type { AsyncMessage, Channel } from 'rabbitmq-client'
import type { Log } from '../../log.ts'
import type { Worker } from '../../runtime/loop.ts'
import type { InboxRecord } from '../inbox.ts'
import { inBrackets } from './faults.ts'
import { createFifo, type Fifo } from './fifo.ts'
import { createKeptChannel } from './kept-channel.ts'
import type { Link } from './link.ts'
import { decodeMessage } from './message.ts'
import type { Names } from './names.ts'
import { declarePartitions } from './topology.ts'

export interface SessionParts {
  readonly partition: number
  readonly link: Pick<Link, 'acquire' | 'trouble'>
  readonly names: Names
  /** Messages that may be unacknowledged at once. */
  readonly prefetch: number
  readonly onArrival: () => void
  /** The database's clock. */
  readonly now: () => Date
  readonly log: Log
}

/** The records of one queue, as long as this process holds its partition. Whatever is not acknowledged when a channel goes is delivered again. */
export interface Session extends Worker {
  /** See `Fifo.offer`. */
  offer(records: number, bytes: number): readonly InboxRecord[]
  /** What was offered last is committed: its messages are acknowledged. */
  settle(): void
  distrustFirst(): void
  trouble(): string | undefined
}

export function createSession({ partition, link, names, prefetch, onArrival, now, log }: SessionParts): Session {
  let fifo: Fifo | undefined
  const kept = createKeptChannel({ name: `partition ${partition}`, link, prepare, onLost, log })

  async function prepare(channel: Channel): Promise<void> {
    const arrived = createFifo(partition, now)
    await declarePartitions(channel, names, [partition])
    await channel.basicQos({ prefetchCount: prefetch })
    fifo = arrived
    await channel.basicConsume({ queue: names.queueOf(partition) }, (message) => {
      arrive(arrived, message)
      onArrival()
    })
  }

  function arrive(arrived: Fifo, { deliveryTag, body }: AsyncMessage): void {
    const message = decodeMessage(bytesOf(body), partition, now())
    if (message.kind === 'records' && message.faults.length > 0) log.error({ partition, faults: message.faults.slice(0, 5) }, 'a message cannot be decoded')
    arrived.push(deliveryTag, message)
  }

  function onLost(): void {
    fifo = undefined
  }

  return {
    offer: (records, bytes) => fifo?.offer(records, bytes) ?? [],
    settle() {
      const tag = fifo?.settle()
      if (tag !== undefined) kept.current()?.basicAck({ deliveryTag: tag, multiple: true })
    },
    distrustFirst: () => fifo?.distrustFirst(),
    trouble() {
      const fault = kept.fault()
      return fault && `partition ${partition} cannot be read${inBrackets(fault)}`
    },
    start: kept.start,
    stop: kept.stop,
  }
}

/** The library reads a body that somebody has marked as text or JSON. */
function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}
