import { endOfSeriesRecord } from '@tidings/server/publish/record.ts'
import { jobEvent } from './test-app.ts'

/** Who publishes by `TestApp.publish`. */
const JOBS = { tenant: 'dev', user: 'jdoe', service: 'jobs' }

/** Names of series that are in this partition, if the events are those of `jobEvent`. */
export function seriesInPartition(
  partition: number,
  { partitions, count }: { readonly partitions: number; readonly count: number },
): readonly string[] {
  const { source, subject } = jobEvent()
  const found: string[] = []
  for (let number = 0; found.length < count; number += 1) {
    const series = { source, subject: subject ?? '', seriesId: `series-${number}` }
    if (endOfSeriesRecord(series, JOBS, partitions, new Date(0)).partition === partition) found.push(series.seriesId)
  }
  return found
}
