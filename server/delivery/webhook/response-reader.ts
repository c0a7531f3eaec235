import { plainStatus, readResponseHead, type ResponseHead } from './response-head.ts'
import { createHeadBuffer, type HeadBuffer } from './head-buffer.ts'

export type FinalStatus = Pick<ResponseHead, 'httpStatus' | 'retryAfter' | 'date'>

export interface ResponseReaderDeps {
  /** Limit of all heads together, the interim ones and the final one. */
  readonly headBytes: number
  /** Called at most once, before `take` returns, when the final head is complete. */
  readonly onHead: (head: FinalStatus) => void
  /** Called at most once: what came is no HTTP response, or too large. `take` returns nothing from then on. */
  readonly onInvalid: () => void
}

/** Stands between a connection and the parser of the HTTP client, for one response. */
export interface ResponseReader {
  /** Takes bytes that came in; returns those that the parser gets, possibly none. */
  take(chunk: Buffer): Buffer
}

const EMPTY = Buffer.alloc(0)
const SWITCHING_PROTOCOLS = 101
const MAX_INTERIM = 100

/**
 * Reads heads as they come and passes on one that every parser accepts: interim responses are left out, and of the
 * final head only the status and the framing of the body are passed on, in canonical form. If the framing is unclear,
 * the response ends with its head. A plain head in one piece, as nearly all are, is passed on unchanged. undici 7.30
 * alone would destroy the connection at a 100, and would reject what curl and others accept (docs/decisions/0019).
 */
export function createResponseReader({ headBytes, onHead, onInvalid }: ResponseReaderDeps): ResponseReader {
  let state: 'head' | 'body' | 'over' = 'head'
  let buffer: HeadBuffer | undefined
  let bytesBefore = 0
  let interim = 0

  function reject(): Buffer {
    state = 'over'
    onInvalid()
    return EMPTY
  }

  function takeHeads(buffer: HeadBuffer): Buffer {
    for (;;) {
      const text = buffer.takeHead()
      if (text === undefined) return buffer.isNotHttp() || bytesBefore + buffer.size() > headBytes ? reject() : EMPTY
      bytesBefore += text.length
      const head = readResponseHead(text)
      if (head === undefined || head.httpStatus === SWITCHING_PROTOCOLS || bytesBefore > headBytes) return reject()
      if (head.httpStatus >= 200) {
        state = head.framing === 'unclear' ? 'over' : 'body'
        onHead(head)
        return Buffer.concat([Buffer.from(canonical(head), 'latin1'), state === 'body' ? buffer.rest() : EMPTY])
      }
      interim += 1
      if (interim > MAX_INTERIM) return reject()
      bytesBefore += buffer.skipLineEnds()
    }
  }

  return {
    take(chunk) {
      if (state !== 'head') return state === 'body' ? chunk : EMPTY
      const httpStatus = buffer === undefined ? plainStatus(chunk) : undefined
      if (httpStatus !== undefined) {
        state = 'body'
        onHead({ httpStatus, retryAfter: [], date: undefined })
        return chunk
      }
      buffer ??= createHeadBuffer()
      bytesBefore += buffer.add(chunk)
      return takeHeads(buffer)
    },
  }
}

function canonical({ httpStatus, framing, isPersistent, keepAliveS }: ResponseHead): string {
  const hint = keepAliveS === undefined ? '' : `keep-alive: timeout=${keepAliveS}\r\n`
  const connection = isPersistent ? `connection: keep-alive\r\n${hint}` : 'connection: close\r\n'
  return `HTTP/1.1 ${httpStatus} \r\n${framingLine(framing)}${connection}\r\n`
}

function framingLine(framing: ResponseHead['framing']): string {
  switch (framing) {
    case 'none':
    case 'until_close':
      return ''
    case 'unclear':
      return 'content-length: 0\r\n'
    case 'chunked':
      return 'transfer-encoding: chunked\r\n'
    default:
      return `content-length: ${framing.bytes}\r\n`
  }
}
