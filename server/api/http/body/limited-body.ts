import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { AppError } from '../../errors.ts'

const tooLarge = (maxBytes: number) => new AppError('NTFAPI_BODY_TOO_LARGE', { details: { maxBytes } })

/** Throws NTFAPI_BODY_TOO_LARGE for a body whose announced length is too large, before any of it is read. */
export function requireLength(headers: IncomingHttpHeaders, maxBytes: number): void {
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
}

/**
 * Reads a whole body. Rejects with NTFAPI_BODY_TOO_LARGE at the first byte too many, with NTFAPI_BAD_REQUEST when the
 * connection ends before the body.
 */
export function readLimited(body: Readable, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const end = (error?: AppError) => {
      body.off('data', take).off('end', whole).off('error', broken)
      if (error) reject(error)
      else resolve(Buffer.concat(chunks, bytes))
    }
    const whole = () => end()
    const broken = (cause: Error) => end(new AppError('NTFAPI_BAD_REQUEST', { cause }))
    const take = (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxBytes)
        end(tooLarge(maxBytes)) // the rest is dropped as it arrives
      else chunks.push(chunk)
    }
    body.on('data', take).on('end', whole).on('error', broken)
  })
}

/**
 * Whether the sender waits for `100 Continue` before it sends the body, by the rule with which Node reads the header
 * (RFC 9110 §10.1.1).
 */
export const awaitsContinue = ({ headers: { expect = '' }, httpVersion }: IncomingMessage) =>
  httpVersion === '1.1' && /(?:^|\W)100-continue(?:$|\W)/i.test(expect)
