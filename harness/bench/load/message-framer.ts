import { readDigits } from './event-mark.ts'

/** Gets one whole HTTP message: its head begins at `headAt`, its body at `bodyAt`. */
export type OnMessage = (buffer: Buffer, headAt: number, bodyAt: number) => void

const HEAD_END = Buffer.from('\r\n\r\n')
/** Of `content-length: `, in either spelling. */
const LENGTH = Buffer.from('ength: ')
const CHUNKED = Buffer.from('chunked')

/**
 * Returns a function that takes the bytes of a connection as they come, and cuts them into HTTP/1.1 messages. It knows
 * `content-length` and nothing else, which costs a tenth of a full parser. Throws if a body is chunked.
 */
export function createMessageFramer(onMessage: OnMessage): (bytes: Buffer) => void {
  let held: Buffer[] = []
  let heldBytes = 0
  let neededBytes = 0
  return (bytes) => {
    held.push(bytes)
    heldBytes += bytes.length
    if (heldBytes < neededBytes) return
    const buffer = held.length === 1 ? bytes : Buffer.concat(held, heldBytes)
    let at = 0
    for (;;) {
      const end = endOfMessage(buffer, at, onMessage)
      neededBytes = end - at
      if (end > buffer.length) break
      at = end
    }
    heldBytes = buffer.length - at
    held = heldBytes === 0 ? [] : [buffer.subarray(at)]
  }
}

/** Hands the message over if it is whole. Returns where it ends, or how far the buffer has to reach to know more. */
function endOfMessage(buffer: Buffer, at: number, onMessage: OnMessage): number {
  const headEnd = buffer.indexOf(HEAD_END, at)
  if (headEnd < 0) return buffer.length + 1
  const head = buffer.subarray(at, headEnd)
  const lengthAt = head.indexOf(LENGTH)
  if (lengthAt < 0 && head.includes(CHUNKED)) throw new Error('a chunked body')
  const bodyAt = headEnd + HEAD_END.length
  const end = bodyAt + (lengthAt < 0 ? 0 : readDigits(buffer, at + lengthAt + LENGTH.length))
  if (end <= buffer.length) onMessage(buffer, at, bodyAt)
  return end
}
