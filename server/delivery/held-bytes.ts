const EMPTY = Buffer.alloc(0)
const LF = 0x0a
const CR = 0x0d
const BEGINNING = 'HTTP/'

/** Bytes that are kept until a head is whole. Grows by doubling, so that single bytes cost no more than all of them at once. */
export interface HeldBytes {
  /** Empty lines ahead of a status line are dropped (RFC 9112 2.2); answers how many bytes that were. */
  add(chunk: Buffer): number
  skipLineEnds(): number
  /** From the status line to the empty line, as latin1, taken out; undefined as long as it is not whole. */
  takeHead(): string | undefined
  /** What is there does not begin as an answer does. */
  isHopeless(): boolean
  size(): number
  rest(): Buffer
}

export function createHeldBytes(): HeldBytes {
  let bytes: Buffer = EMPTY
  let start = 0
  let end = 0
  /** Of the first line that was not seen whole yet. */
  let lineStart = 0

  function append(chunk: Buffer): void {
    if (end === 0) {
      bytes = chunk // not written to: the next one makes a copy
    } else {
      if (end + chunk.length > bytes.length) bytes = Buffer.concat([bytes.subarray(0, end)], Math.max(2 * end, end + chunk.length))
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
    isHopeless: () => !BEGINNING.startsWith(bytes.toString('latin1', start, Math.min(start + BEGINNING.length, end))),
    size: () => end - start,
    rest: () => bytes.subarray(start, end),
  }
}

function isLineEnd(bytes: Buffer, from: number, to: number): boolean {
  for (let place = from; place < to; place += 1) if (bytes[place] !== CR) return false
  return true
}
