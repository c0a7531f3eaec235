import { importSPKI, type CryptoKey } from 'jose'

const MIN_KEY_BITS = 2048 // RFC 7518 §3.3 asks for this with RS256
const ARMOUR = /-----(BEGIN|END) PUBLIC KEY-----/g
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Imports the key in a tenant's `public_key`: an RSA SPKI, with or without PEM armour, with any line breaks (protocol
 * 1.3). Rejects with an `Error` that says what is wrong with it.
 */
export async function importPublicKey(text: string): Promise<CryptoKey> {
  const body = text.replace(ARMOUR, '').replace(/\s+/g, '')
  if (!BASE64.test(body)) throw new Error('the public key is not base64')
  const key = await importSPKI(`-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----`, 'RS256').catch(
    (error: unknown) => {
      throw new Error('the public key is not an RSA key in SPKI form', { cause: error })
    },
  )
  if (bitsOf(key) < MIN_KEY_BITS) throw new Error(`the public key is shorter than ${MIN_KEY_BITS} bits`)
  return key
}

function bitsOf({ algorithm }: CryptoKey): number {
  return 'modulusLength' in algorithm && typeof algorithm.modulusLength === 'number' ? algorithm.modulusLength : 0
}
