import type { Chain, EventRecord } from './broker.ts'

/**
 * Returns the records behind one of these in their chain: they must not be stored, or a publisher that tries the failed
 * one again would turn the order around.
 */
export function followersOf<Of extends Pick<EventRecord, 'chain'>>(
  records: readonly Of[],
  failed: { has(record: Of): boolean },
): ReadonlySet<Of> {
  const broken = new Set<Chain>()
  const followers = new Set<Of>()
  for (const record of records) {
    if (record.chain === undefined) continue
    if (failed.has(record)) broken.add(record.chain)
    else if (broken.has(record.chain)) followers.add(record)
  }
  return followers
}
