import { plainStatus, readAnswerHead, type AnswerHead } from './answer-head.ts'
import { createHeldBytes, type HeldBytes } from './held-bytes.ts'

export type FinalStatus = Pick<AnswerHead, 'httpStatus' | 'retryAfter' | 'date'>

export interface AnswerReaderParts {
  /** Of all heads together: the interim ones and the final one. */
  readonly headBytes: number
  /** The final head is whole. Called once at most, before `take` returns. */
  readonly onHead: (head: FinalStatus) => void
  /** What came is no answer, or too much of one. Called once at most; nothing comes out from then on. */
  readonly onFault: () => void
}

/** Stands between a connection and the parser of the HTTP client, for one answer. */
export interface AnswerReader {
  /** What the parser shall see of what came in; may be empty. */
  take(chunk: Buffer): Buffer
}

const EMPTY = Buffer.alloc(0)
const SWITCHING_PROTOCOLS = 101
const MAX_INTERIM = 100

/**
 * Takes heads as they come and hands on one that every parser takes: interim answers are left out, and of the final head
 * only the status and what frames the body goes on, in canonical form. Where the framing is unclear the answer ends with its
 * head. A head that comes whole and plain, as nearly all do, goes on as it is. undici 7.30 by itself destroys a connection
 * at a 100, and refuses what curl and others read (docs/decisions/0019).
 */
export function createAnswerReader({ headBytes, onHead, onFault }: AnswerReaderParts): AnswerReader {
  let state: 'head' | 'body' | 'over' = 'head'
  let held: HeldBytes | undefined
  let bytesBefore = 0
  let interim = 0

  function fault(): Buffer {
    state = 'over'
    onFault()
    return EMPTY
  }

  function takeHeads(held: HeldBytes): Buffer {
    for (;;) {
      const text = held.takeHead()
      if (text === undefined) return held.isHopeless() || bytesBefore + held.size() > headBytes ? fault() : EMPTY
      bytesBefore += text.length
      const head = readAnswerHead(text)
      if (head === undefined || head.httpStatus === SWITCHING_PROTOCOLS || bytesBefore > headBytes) return fault()
      if (head.httpStatus >= 200) {
        state = head.framing === 'unclear' ? 'over' : 'body'
        onHead(head)
        return Buffer.concat([Buffer.from(canonical(head), 'latin1'), state === 'body' ? held.rest() : EMPTY])
      }
      interim += 1
      if (interim > MAX_INTERIM) return fault()
      bytesBefore += held.skipLineEnds()
    }
  }

  return {
    take(chunk) {
      if (state !== 'head') return state === 'body' ? chunk : EMPTY
      const httpStatus = held === undefined ? plainStatus(chunk) : undefined
      if (httpStatus !== undefined) {
        state = 'body'
        onHead({ httpStatus, retryAfter: [], date: undefined })
        return chunk
      }
      held ??= createHeldBytes()
      bytesBefore += held.add(chunk)
      return takeHeads(held)
    },
  }
}

function canonical({ httpStatus, framing, isPersistent, keepAliveS }: AnswerHead): string {
  const hint = keepAliveS === undefined ? '' : `keep-alive: timeout=${keepAliveS}\r\n`
  return `HTTP/1.1 ${httpStatus} \r\n${framingLine(framing)}${isPersistent ? `connection: keep-alive\r\n${hint}` : 'connection: close\r\n'}\r\n`
}

function framingLine(framing: AnswerHead['framing']): string {
  switch (framing) {
    case 'none':
    case 'until_close': return ''
    case 'unclear': return 'content-length: 0\r\n'
    case 'chunked': return 'transfer-encoding: chunked\r\n'
    default: return `content-length: ${framing.bytes}\r\n`
  }
}
