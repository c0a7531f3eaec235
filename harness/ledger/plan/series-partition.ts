import { endOfSeriesRecord } from '@tidings/server/publish/record.ts'
import { SOURCE } from './publish-plan.ts'

/** On whose behalf the ledger publishes. */
export const TENANT = 'dev'
export const USER = 'jdoe'
export const SERVICE = 'jobs'

/** Returns the partition in which the service puts this series. */
export const partitionOfSeries = (
  { subject, seriesId }: { readonly subject: string; readonly seriesId: string },
  partitions: number,
) =>
  endOfSeriesRecord(
    { source: SOURCE, subject, seriesId },
    { tenant: TENANT, user: USER, service: SERVICE },
    partitions,
    new Date(0),
  ).partition
