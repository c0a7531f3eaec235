import { Readable } from 'node:stream'
import { AppError } from '../../errors.ts'
import type { Log } from '../../../log.ts'
import { startDeadline } from '../../../runtime/deadline.ts'
import type { LogRateLimit } from '../../../runtime/log-rate-limit.ts'
import type { ListEnvelope } from './envelope-writer.ts'
import { toAppError } from './error-mapping.ts'
import type { StreamedResponse } from '../route.ts'

/** A slower reader is cut off: each of these lists holds a connection to the database. */
const LIMIT_MS = 60_000

export interface ListStreamDeps {
  readonly text: ListEnvelope
  /** One for the lists of all callers: clients that hang up in the middle of many lists do not flood the log. */
  readonly limit: LogRateLimit
  readonly log: Log
  readonly limitMs?: number
}

/**
 * Returns the text of a list as a stream, read as fast as it is taken (backpressure). It ends well or is destroyed,
 * after a failure and when it takes longer than a minute. However it ends, the rows are closed.
 */
export function createListStream(
  { rows, closing }: StreamedResponse,
  { text, limit, log, limitMs = LIMIT_MS }: ListStreamDeps,
): Readable {
  let count = 0

  async function piece(): Promise<readonly (string | null)[]> {
    const page = await rows.next()
    if (page === undefined) {
      const { message, metadata } = closing(count)
      return [text.closing(message, metadata), null]
    }
    count += page.length
    return [text.rows(page)]
  }

  const stream = new Readable({
    read() {
      piece().then(
        (pieces) => pieces.forEach((each) => this.push(each)),
        (error: unknown) => this.destroy(toAppError(error)),
      )
    },
    destroy(error, done) {
      cancelDeadline()
      rows.close()
      if (error instanceof AppError && error.code === 'NTFAPI_INTERNAL')
        limit(`failed ${String(error.cause)}`, (suppressed) =>
          log.error({ err: error.cause, rows: count, suppressed }, 'list failed'),
        )
      else if (error)
        limit(String(error), (suppressed) => log.info({ err: error, rows: count, suppressed }, 'list cut off'))
      done(error)
    },
  })
  const cancelDeadline = startDeadline(limitMs, () =>
    stream.destroy(new Error(`the list was not read within ${limitMs / 1000} s`)),
  )
  stream.push(text.opening())
  return stream
}
