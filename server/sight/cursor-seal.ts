import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from 'node:crypto'
import type { Place } from './page.ts'

const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Places are filled up to multiples of this, so that the length of a cursor tells nothing about the numbers in it. */
const BLOCK_BYTES = 64
/** With the next form, cursors of this one are rejected. */
const FORM = 'tidings cursor 1'

/**
 * Makes cursors: places that only the service can read, and only for whom and what they were made (decision 0037).
 * `binding` says that; under another one a cursor is like a forged one.
 */
export interface CursorSeal {
  seal(binding: string, place: Place): Promise<string>
  /** Returns undefined for any text that `seal` has not made with the same binding. */
  open(binding: string, text: string): Promise<Place | undefined>
}

/** `readSecret` is called at the first cursor, and again after it has failed. */
export function createCursorSeal({ readSecret }: { readonly readSecret: () => Promise<Buffer> }): CursorSeal {
  let reading: Promise<Buffer> | undefined

  async function secret(): Promise<Buffer> {
    reading ??= readSecret()
    try {
      return await reading
    } catch (error) {
      reading = undefined
      throw error
    }
  }

  /** A key for each binding: so none is used for more cursors than random nonces allow, and none opens another's. */
  const keyFor = async (binding: string) =>
    Buffer.from(hkdfSync('sha256', await secret(), '', `${FORM} ${hash('sha256', binding)}`, KEY_BYTES))

  return {
    async seal(binding, place) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, await keyFor(binding), nonce, { authTagLength: TAG_BYTES })
      const sealed = [nonce, cipher.update(filledUp(JSON.stringify(place))), cipher.final(), cipher.getAuthTag()]
      return Buffer.concat(sealed).toString('base64url')
    },
    async open(binding, text) {
      const bytes = Buffer.from(text, 'base64url')
      // Of two texts for the same bytes, only the one that was made counts.
      if (bytes.length < NONCE_BYTES + BLOCK_BYTES + TAG_BYTES || bytes.toString('base64url') !== text) return undefined
      const key = await keyFor(binding)
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
      const begun = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES))
      try {
        return JSON.parse(Buffer.concat([begun, decipher.final()]).toString('utf8')) as Place // it is our own text
      } catch {
        return undefined // it is not genuine; nothing else fails here
      }
    },
  }
}

/** JSON may end with blanks. */
function filledUp(json: string): Buffer {
  const text = Buffer.from(json, 'utf8')
  return Buffer.concat([text, Buffer.alloc(BLOCK_BYTES - (text.length % BLOCK_BYTES), ' ')])
}
