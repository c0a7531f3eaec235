import { hash } from 'node:crypto'

/**
 * Returns a 128-bit key for texts that are too long, or too untrusted, to be indexed themselves: the first 16 bytes of
 * SHA-256 over the length-prefixed UTF-8 of the parts, as a uuid. Used for series and for addresses.
 */
export function hashKey(...parts: readonly string[]): string {
  return uuidOf(digest(parts))
}

/** Returns the same, marked as UUID version 8 (RFC 9562 §5.8), for uuids that leave the service. */
export function hashUuid(...parts: readonly string[]): string {
  const bytes = digest(parts)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return uuidOf(bytes)
}

function digest(parts: readonly string[]): Buffer {
  const lengths = parts.map((part) => Buffer.byteLength(part))
  const input = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + 4 + length, 0))
  let at = 0
  for (const [index, part] of parts.entries()) {
    at = input.writeUInt32BE(lengths[index] ?? 0, at)
    at += input.write(part, at)
  }
  return hash('sha256', input, 'buffer')
}

const uuidOf = (bytes: Buffer) =>
  bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
