import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Channel } from 'rabbitmq-client'
import { hasCode } from '../../runtime/error-code.ts'
import { required } from '../../runtime/required.ts'
import type { EventRecord } from '../broker.ts'
import { encodeMessage } from './message-codec.ts'
import type { QueueNames } from './queue-names.ts'

/** The outcome of a message that was handed to a channel. */
export interface PublishOutcome {
  readonly outcome: 'stored' | 'not_stored' | 'unknown'
  readonly error?: unknown
  /** No queue accepts it. */
  readonly isReturned?: boolean
}

/** Messages of one confirm channel. */
export interface ConfirmChannel {
  /**
   * Sends records of one partition, at least one, as one message. Resolves with the broker's confirm, or when the
   * channel is lost.
   */
  send(records: readonly EventRecord[]): Promise<PublishOutcome>
  /**
   * Sends an empty message that no queue gets, because the broker reports that it is blocked only to a connection that
   * publishes. Nothing waits for it; while one is not confirmed, no other is sent.
   */
  probe(onConfirmed: () => void): void
}

/** Switches the channel to confirms. */
export async function createConfirmChannel(channel: Channel, names: QueueNames): Promise<ConfirmChannel> {
  const returned = new Set<string>()
  let lastId = 0
  let isProbing = false
  channel.on('basic.return', ({ messageId }) => {
    if (messageId !== undefined) returned.add(messageId)
  })
  await channel.confirmSelect()

  async function publish(messageId: string, records: readonly EventRecord[]): Promise<void> {
    const { partition } = required(records[0], 'a message has at least one record')
    const routingKey = names.routingKeyOf(partition)
    await channel.basicPublish(
      { exchange: names.exchange, routingKey, durable: true, mandatory: true, messageId },
      encodeMessage(records),
    )
    // The library emits a returned message one turn of the event loop after the confirm that follows it.
    await nextTurn()
  }

  return {
    async send(records) {
      const messageId = String(++lastId)
      try {
        await publish(messageId, records)
      } catch (error) {
        return { outcome: isRejection(error) ? 'not_stored' : 'unknown', error }
      }
      return returned.delete(messageId)
        ? { outcome: 'not_stored', error: new Error('no queue for it'), isReturned: true }
        : { outcome: 'stored' }
    },
    probe(onConfirmed) {
      if (isProbing) return
      isProbing = true
      // A probe that fails has lost its channel, which the reconnecting channel notices.
      void channel
        .basicPublish({ exchange: names.exchange, routingKey: names.unroutableKey }, Buffer.alloc(0))
        .then(onConfirmed)
        .catch(() => undefined)
        .finally(() => {
          isProbing = false
        })
    },
  }
}

/** The broker has not stored the message. */
const isRejection = (error: unknown) => hasCode(error, 'NACK')
