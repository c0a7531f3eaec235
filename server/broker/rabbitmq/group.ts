import type { EventRecord } from '../broker.ts'

const MESSAGE_RECORDS = 500
const MESSAGE_BYTES = 256 * 1024

/** What goes into one message each: records of one partition, in their order, at least one and no more than the limits. */
export function cutIntoMessages(records: readonly EventRecord[]): EventRecord[][] {
  const messages: EventRecord[][] = []
  const open = new Map<number, { readonly records: EventRecord[]; bytes: number }>()
  for (const record of records) {
    const last = open.get(record.partition)
    if (last && last.records.length < MESSAGE_RECORDS && last.bytes + record.bodyBytes <= MESSAGE_BYTES) {
      last.records.push(record)
      last.bytes += record.bodyBytes
    } else {
      const next = { records: [record], bytes: record.bodyBytes }
      open.set(record.partition, next)
      messages.push(next.records)
    }
  }
  return messages
}
