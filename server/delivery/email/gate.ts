import { Readable } from 'node:stream'
import type { SendRequest } from '../sender.ts'

/** What stands between a mail and the server: opened, or not, when the server asks for the text. */
export interface Gate {
  /** The text of the mail as it is read by the connection, which reads nothing of it before the server has said 354. `onBlock`: some of it was taken. */
  through(text: Buffer, onBlock: () => void): Readable
  /** The server may have some of the text. */
  readonly isOpen: boolean
  /** The text was asked for, and may not leave. */
  readonly isRefused: boolean
  /** A connection was there for the mail. */
  readonly isReached: boolean
}

export interface GateParts extends Pick<SendRequest, 'maySend' | 'renew'> {
  /** All of the text was read: the server's last answer is the next thing to come. */
  readonly onEnd: () => void
}

const REFUSED = 'the mail was withdrawn'
/** A text is read in blocks, so that a server that takes it slowly can be told from one that does not take it. */
const BLOCK_BYTES = 64 * 1024

/**
 * A mail exists for the server when its text has ended, so a connection that is cut before the first byte leaves nothing
 * behind. The first read asks whether the mail may still be sent. A server that took longer over the envelope than a
 * claim may be old (a look-up of the recipient, a delay against spam) gets a claim that was read anew.
 */
export function createGate({ maySend, renew, onEnd }: GateParts): Gate {
  const gate = { isOpen: false, isRefused: false, isReached: false }

  async function* guarded(text: Buffer, onBlock: () => void): AsyncGenerator<Buffer, void> {
    if (!maySend()) await renew()
    gate.isRefused = !maySend()
    if (gate.isRefused) throw new Error(REFUSED)
    gate.isOpen = true
    for (let start = 0; start < text.length; start += BLOCK_BYTES) {
      onBlock()
      yield text.subarray(start, start + BLOCK_BYTES)
    }
    onEnd()
  }

  return {
    through(text, onBlock) {
      gate.isReached = true
      return Readable.from(guarded(text, onBlock), { objectMode: false })
    },
    get isOpen() {
      return gate.isOpen
    },
    get isRefused() {
      return gate.isRefused
    },
    get isReached() {
      return gate.isReached
    },
  }
}
