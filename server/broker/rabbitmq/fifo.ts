import { NewerFormat } from '../broker.ts'
import type { InboxRecord } from '../inbox.ts'
import { undecodable, type Decoded } from './message.ts'

/** What one channel has delivered of one partition, in the order of the queue. Gone with the channel. */
export interface Fifo {
  push(tag: number, message: Decoded): void
  /**
   * The first records, at most so many; more than one only as long as they are within so many bytes. The same ones are offered
   * again until `settle`. Throws `NewerFormat` when the first cannot be read by this version.
   */
  offer(records: number, bytes: number): readonly InboxRecord[]
  /** What was offered last is dealt with. Answers the tag up to which messages are done, if any more are. */
  settle(): number | undefined
  /** The first record cannot be stored as it is: from now on it is offered as `undecodable`. */
  distrustFirst(): void
}

type Item =
  | { readonly kind: 'record'; record: InboxRecord; readonly tag: number; readonly isLast: boolean }
  | { readonly kind: 'newer_format'; readonly format: number }

export function createFifo(partition: number, now: () => Date): Fifo {
  const items: Item[] = []
  let offered = 0

  return {
    push(tag, message) {
      if (message.kind === 'newer_format') items.push(message)
      else message.records.forEach((record, index) => items.push({ kind: 'record', record, tag, isLast: index === message.records.length - 1 }))
    },
    offer(limit, bytes) {
      const [first] = items
      if (first?.kind === 'newer_format') throw new NewerFormat(partition, first.format)
      const records: InboxRecord[] = []
      let sum = 0
      for (const item of items) {
        if (item.kind !== 'record' || records.length === limit) break
        sum += item.record.bodyBytes
        if (records.length > 0 && sum > bytes) break
        records.push(item.record)
      }
      offered = records.length
      return records
    },
    settle() {
      const done = items.splice(0, offered)
      offered = 0
      return done.reduce<number | undefined>((tag, item) => (item.kind === 'record' && item.isLast ? item.tag : tag), undefined)
    },
    distrustFirst() {
      const [first] = items
      if (first?.kind === 'record') first.record = undecodable(Buffer.from(JSON.stringify(first.record)), partition, now())
    },
  }
}
