import type { PlannedPublish } from '../plan/plan.ts'

/** What the publishers know of a record. Times in ms. */
export interface PublishedRecord {
  readonly planned: PlannedPublish
  /** When the first request went out. */
  readonly askedAt: number
  /** When the first 200 came back; undefined: none did. */
  ackedAt: number | undefined
  /** Every request for it was answered with "not stored". */
  isRefused: boolean
}

/** What users know of a deletion. */
export interface Deletion {
  readonly tenant: string
  readonly name: string
  readonly ackedAt: number
}

export interface PublishLedger {
  asked(planned: PlannedPublish, at: number): void
  acked(uuid: string, at: number): void
  /** The publisher was told that it is not stored, or was told nothing. */
  failed(uuid: string, isNotStored: boolean): void
  readonly records: ReadonlyMap<string, PublishedRecord>
}

export function createPublishLedger(): PublishLedger {
  const records = new Map<string, PublishedRecord>()
  const unsure = new Set<string>()
  return {
    asked(planned, at) {
      if (!records.has(planned.uuid))
        records.set(planned.uuid, { planned, askedAt: at, ackedAt: undefined, isRefused: false })
    },
    acked(uuid, at) {
      const record = records.get(uuid)
      if (!record) return
      record.ackedAt ??= at
      record.isRefused = false
    },
    failed(uuid, isNotStored) {
      if (!isNotStored) unsure.add(uuid)
      const record = records.get(uuid)
      if (record) record.isRefused = record.ackedAt === undefined && !unsure.has(uuid)
    },
    records,
  }
}
