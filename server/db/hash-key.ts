import { createHash } from 'node:crypto'

/**
 * A key of 128 bits for texts that are too long or too hostile to be indexed themselves: SHA-256 over the
 * length-prefixed UTF-8 of the parts, its first 16 bytes as a uuid. Used for series and for addresses.
 */
export function hashKey(...parts: readonly string[]): string {
  return uuidOf(digest(parts))
}

/** The same, marked as UUID version 8 (RFC 9562 §5.8), for uuids that leave the service. */
export function hashUuid(...parts: readonly string[]): string {
  const bytes = digest(parts)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return uuidOf(bytes)
}

function digest(parts: readonly string[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) {
    const text = Buffer.from(part, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(text.length)
    hash.update(length).update(text)
  }
  return hash.digest()
}

const uuidOf = (bytes: Buffer) => bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
