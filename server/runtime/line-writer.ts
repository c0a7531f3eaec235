import { writeSync } from 'node:fs'
import { setTimeout } from 'node:timers'
import { hasCode } from './error-code.ts'

const RETRY_MS = 20
const RETRY_AFTER_FAILURE_MS = 1000

/** Writes lines without ever waiting for whoever reads them. */
export interface LineWriter {
  /**
   * `line` with its end. Never throws: what cannot be written now is kept, and when too much is kept, dropped whole and
   * counted.
   */
  write(line: string): void
  /**
   * Waits, and everything with it, until all is out, the reader is found to be gone, or so many ms are over. For the
   * end of the process.
   */
  flush(limitMs: number): void
}

export interface LineWriterOptions {
  /** A descriptor whose writes never wait. May throw: is asked again later. */
  readonly open: () => number
  /** Bytes that are kept at most while nobody reads. */
  readonly maxBytes: number
  /** What is written, with its end, when lines were dropped and there is room again. */
  readonly droppedLine: (dropped: number) => string
  readonly writeTo?: (fd: number, bytes: Buffer) => number
  /** Calls back after so many ms; must not keep the process alive. */
  readonly later?: (ms: number, callback: () => void) => void
}

/** `full`: the reader is slow. `failed`: there is none, or the disk is full; that may pass too. */
type DrainResult = 'empty' | 'full' | 'failed'

export function createLineWriter({
  open,
  maxBytes,
  droppedLine,
  writeTo = writeSync,
  later = unrefTimeout,
}: LineWriterOptions): LineWriter {
  const backlog = createBacklog(writeTo)
  let fd: number | undefined
  let dropped = 0
  let isRetryScheduled = false

  function drain(): DrainResult {
    try {
      fd ??= open()
      backlog.writeAll(fd)
      if (dropped > 0) reportDropped()
      backlog.writeAll(fd)
      return 'empty'
    } catch (error) {
      return hasCode(error, 'EAGAIN') ? 'full' : 'failed'
    }
  }

  function reportDropped(): void {
    backlog.add(droppedLine(dropped))
    dropped = 0
  }

  function drainOrRetry(): void {
    if (isRetryScheduled) return
    const drained = drain()
    if (drained === 'empty') return
    isRetryScheduled = true
    later(drained === 'full' ? RETRY_MS : RETRY_AFTER_FAILURE_MS, () => {
      isRetryScheduled = false
      drainOrRetry()
    })
  }

  return {
    write(line) {
      // Once lines are dropped there must be room for many before one is taken again, or every other would tell of one
      // dropped.
      if (backlog.bytes() + Buffer.byteLength(line) > (dropped > 0 ? maxBytes / 2 : maxBytes)) {
        dropped += 1
      } else {
        if (dropped > 0) reportDropped()
        backlog.add(line)
      }
      drainOrRetry()
    },
    flush(limitMs) {
      const deadline = performance.now() + limitMs
      while (drain() === 'full' && performance.now() < deadline) pause(RETRY_MS)
    },
  }
}

/** Lines in their order, the first perhaps written in part. */
function createBacklog(writeTo: (fd: number, bytes: Buffer) => number) {
  let lines: Buffer[] = []
  let bytes = 0

  return {
    bytes: () => bytes,
    add(line: string): void {
      const added = Buffer.from(line)
      lines.push(added)
      bytes += added.length
    },
    /**
     * Line by line: so short ones are never cut or mixed with those of other programs (pipe(7), PIPE_BUF). Throws when
     * one cannot be written.
     */
    writeAll(fd: number): void {
      let written = 0
      try {
        for (let line = lines[written]; line; line = lines[written]) {
          const count = writeTo(fd, line)
          bytes -= count
          if (count === line.length) written += 1
          else lines[written] = line.subarray(count)
        }
      } finally {
        lines = lines.slice(written)
      }
    },
  }
}

const unrefTimeout = (ms: number, callback: () => void) => void setTimeout(callback, ms).unref()

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
