import { Readable } from 'node:stream'
import type { SendRequest } from '../sender.ts'

/** Decides whether the text of a mail may leave, at the moment when the server asks for it. */
export interface MailGate {
  /**
   * Returns the text of the mail as a stream for the connection, which reads nothing of it before the server's 354.
   * `onBlock` is called for each block that is read.
   */
  through(text: Buffer, onBlock: () => void): Readable
  /** The server may have some of the text. */
  readonly isOpen: boolean
  /** The server asked for the text, and it may not leave. */
  readonly isRefused: boolean
  /** The mail got a connection. */
  readonly isReached: boolean
}

export interface MailGateDeps extends Pick<SendRequest, 'maySend' | 'renew'> {
  /** Called when all of the text was read: next comes the server's final reply. */
  readonly onEnd: () => void
}

const REFUSED = 'the mail was withdrawn'
/** The text is read in blocks, to distinguish a server that takes it slowly from one that does not take it at all. */
const BLOCK_BYTES = 64 * 1024

/**
 * Creates the gate of one mail. For the server a mail exists when its text has ended, so a connection that is cut
 * before the first byte leaves nothing behind. The first read calls `maySend`, however long the envelope took (the
 * server looks up the recipient, or delays against spam). If the answer is no, it may be for want of a fresh look for
 * deletions: then there is one first.
 */
export function createMailGate({ maySend, renew, onEnd }: MailGateDeps): MailGate {
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
