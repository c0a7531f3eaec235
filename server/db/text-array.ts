/** Object id of the type text. */
const TEXT_OID = 25

/**
 * Returns a text[] in PostgreSQL's binary form (`array_recv`). The driver sends a Buffer as it is, so large texts are
 * neither quoted here nor parsed there. One dimension, no nulls.
 */
export function textArray(texts: readonly string[]): Buffer {
  const items = texts.map((text) => ({ text, bytes: Buffer.byteLength(text) }))
  const buffer = Buffer.allocUnsafe(20 + items.reduce((sum, { bytes }) => sum + 4 + bytes, 0))
  let at = writeHeader(buffer, texts.length)
  for (const { text, bytes } of items) {
    at = buffer.writeInt32BE(bytes, at)
    at += buffer.write(text, at, 'utf8')
  }
  return buffer
}

/** Writes dimensions, "has nulls", element type, then length and lower bound of the one dimension. */
function writeHeader(buffer: Buffer, length: number): number {
  let at = buffer.writeInt32BE(1, 0)
  at = buffer.writeInt32BE(0, at)
  at = buffer.writeInt32BE(TEXT_OID, at)
  at = buffer.writeInt32BE(length, at)
  return buffer.writeInt32BE(1, at)
}
