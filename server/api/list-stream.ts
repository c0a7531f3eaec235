import { Readable } from 'node:stream'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { startDeadline } from '../runtime/deadline.ts'
import type { LogLimit } from '../runtime/log-limit.ts'
import type { ListText } from './envelope.ts'
import { toAppError } from './failure.ts'
import type { StreamedAnswer } from './route.ts'

/** Whoever reads more slowly is cut off: each of these lists holds a connection to the database. */
const LIMIT_MS = 60_000

export interface ListStreamParts {
  readonly text: ListText
  /** One for the lists of all callers: whoever hangs up in the middle of many fills no log. */
  readonly limit: LogLimit
  readonly log: Log
  readonly limitMs?: number
}

/**
 * The text of a list, read as fast as it is taken. It ends well or is destroyed, after a failure and when it takes longer
 * than a minute. However it ends, the rows are closed.
 */
export function createListStream({ rows, closing }: StreamedAnswer, { text, limit, log, limitMs = LIMIT_MS }: ListStreamParts): Readable {
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
      piece().then((pieces) => pieces.forEach((each) => this.push(each)), (error: unknown) => this.destroy(toAppError(error)))
    },
    destroy(error, done) {
      cancelDeadline()
      rows.close()
      if (error instanceof AppError && error.code === 'NTFAPI_INTERNAL') limit(`failed ${String(error.cause)}`, (suppressed) => log.error({ err: error.cause, rows: count, suppressed }, 'list failed'))
      else if (error) limit(String(error), (suppressed) => log.info({ err: error, rows: count, suppressed }, 'list cut off'))
      done(error)
    },
  })
  const cancelDeadline = startDeadline(limitMs, () => stream.destroy(new Error(`the list was not read in ${limitMs / 1000} s`)))
  stream.push(text.opening())
  return stream
}
