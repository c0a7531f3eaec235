const EMPTY = Buffer.alloc(0)
const LF = 0x0a
const CR = 0x0d
const BEGINNING = 'HTTP/'

/**
 * Collects bytes until a head is complete. Doubles its size when full, so that a head that comes byte by byte is copied
 * in linear time. The caller limits the bytes of all heads of a response: nothing is bounded here.
 */
export interface HeadBuffer {
  /** Drops empty lines ahead of a status line (RFC 9112 2.2); returns how many bytes it dropped. */
  add(chunk: Buffer): number
  /** Does the same for what is already here: after `takeHead`, or a blank line would be the next head. */
  skipLineEnds(): number
  /** Removes and returns a head as latin1, from the status line to the empty line; undefined until it is complete. */
  takeHead(): string | undefined
  /** Returns whether the bytes cannot be the beginning of an HTTP response. */
  isNotHttp(): boolean
  size(): number
  /** What is left: the first bytes of the body. A view: valid until the next `add`. */
  rest(): Buffer
}

export function createHeadBuffer(): HeadBuffer {
  let bytes: Buffer = EMPTY
  let start = 0
  let end = 0
  /** Where the first line starts whose end has not come yet. */
  let lineStart = 0

  function append(chunk: Buffer): void {
    if (end === 0) {
      bytes = chunk // never written to: the next chunk makes a copy
    } else {
      if (end + chunk.length > bytes.length)
        bytes = Buffer.concat([bytes.subarray(0, end)], Math.max(2 * end, end + chunk.length))
      chunk.copy(bytes, end)
    }
    end += chunk.length
  }

  function skipLineEnds(): number {
    const from = start
    while (start < end && (bytes[start] === LF || bytes[start] === CR)) start += 1
    lineStart = Math.max(lineStart, start)
    return start - from
  }

  return {
    add(chunk) {
      const isBetweenHeads = start === end
      append(chunk)
      return isBetweenHeads ? skipLineEnds() : 0
    },
    skipLineEnds,
    takeHead() {
      for (let lf = bytes.indexOf(LF, lineStart); lf >= 0 && lf < end; lf = bytes.indexOf(LF, lineStart)) {
        const isBlank = isLineEnd(bytes, lineStart, lf)
        lineStart = lf + 1
        if (!isBlank) continue
        const head = bytes.toString('latin1', start, lineStart)
        start = lineStart
        return head
      }
      return undefined
    },
    isNotHttp: () => !BEGINNING.startsWith(bytes.toString('latin1', start, Math.min(start + BEGINNING.length, end))),
    size: () => end - start,
    rest: () => bytes.subarray(start, end),
  }
}

function isLineEnd(bytes: Buffer, from: number, to: number): boolean {
  for (let place = from; place < to; place += 1) if (bytes[place] !== CR) return false
  return true
}
