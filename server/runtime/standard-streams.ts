import { hostname } from 'node:os'
import { isatty } from 'node:tty'
import { prettyFactory } from 'pino-pretty'
import { createLineWriter, type LineWriter } from './line-writer.ts'
import { isSameFile, nonBlockingDescriptor } from './non-blocking-descriptor.ts'

/** Some 5,000 lines. */
const MAX_BYTES = 1024 * 1024
/** How long the end of the process waits for a reader that takes nothing. */
const FLUSH_LIMIT_MS = 1000
const WARN = 40

/** Makes a line of pino's readable. */
export const prettify = prettyFactory({ ignore: 'pid,hostname' })

let errorWriter: LineWriter | undefined
let outputWriter: LineWriter | undefined

/**
 * The one writer of this process for standard error. What it keeps is written before the process ends, if somebody
 * reads.
 */
export function standardError(): LineWriter {
  return (errorWriter ??= flushOnExit(
    createLineWriter({ open: () => nonBlockingDescriptor(2), maxBytes: MAX_BYTES, droppedLine }),
  ))
}

/** The same for standard output. */
export function standardOutput(): LineWriter {
  return (outputWriter ??= isSameFile(1, 2)
    ? standardError()
    : flushOnExit(
        createLineWriter({ open: () => nonBlockingDescriptor(1), maxBytes: MAX_BYTES, droppedLine: () => '\n' }),
      ))
}

function flushOnExit(writer: LineWriter): LineWriter {
  process.once('exit', () => writer.flush(FLUSH_LIMIT_MS))
  return writer
}

function droppedLine(dropped: number): string {
  const msg = `${dropped} log lines dropped: nobody read them`
  const fields = { level: WARN, time: Date.now(), pid: process.pid, hostname: hostname(), dropped, msg }
  const line = `${JSON.stringify(fields)}\n`
  return isatty(2) ? prettify(line) : line
}
