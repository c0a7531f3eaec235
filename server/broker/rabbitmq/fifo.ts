import { NewerFormat } from '../broker.ts'
import type { InboxRecord } from '../inbox.ts'
import { undecodable, type DecodedMessage } from './message-codec.ts'

/** What one channel has delivered for one partition, in the order of the queue. Lost with the channel. */
export interface Fifo {
  /** How many records wait; a message in a newer format counts as one. */
  readonly size: number
  push(tag: number, message: DecodedMessage): void
  /**
   * Returns the first records, at most `records`, and at most `bytes` unless the first one alone is larger. The same
   * ones are returned again until `acknowledge`. Throws `NewerFormat` when this version cannot read the first.
   */
  peek(records: number, bytes: number): readonly InboxRecord[]
  /** Removes what `peek` returned last. Returns the tag up to which messages are done, if one more is. */
  acknowledge(): number | undefined
  /**
   * Replaces the first record, which cannot be stored as it is, by an `undecodable` one. Returns false when it is one
   * already.
   */
  quarantineHead(): boolean
}

type Item =
  | { readonly kind: 'record'; record: InboxRecord; readonly tag: number; readonly isLast: boolean }
  | { readonly kind: 'newer_format'; readonly format: number }

export function createFifo(partition: number, now: () => Date): Fifo {
  const items: Item[] = []
  let peeked = 0

  return {
    get size() {
      return items.length
    },
    push(tag, message) {
      if (message.kind === 'newer_format') items.push(message)
      else
        message.records.forEach((record, index) =>
          items.push({ kind: 'record', record, tag, isLast: index === message.records.length - 1 }),
        )
    },
    peek(limit, bytes) {
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
      peeked = records.length
      return records
    },
    acknowledge() {
      const done = items.splice(0, peeked)
      peeked = 0
      return done.reduce<number | undefined>(
        (tag, item) => (item.kind === 'record' && item.isLast ? item.tag : tag),
        undefined,
      )
    },
    quarantineHead() {
      const [first] = items
      if (first?.kind !== 'record' || first.record.kind === 'undecodable') return false
      first.record = undecodable(Buffer.from(JSON.stringify(first.record)), partition, now())
      return true
    },
  }
}
