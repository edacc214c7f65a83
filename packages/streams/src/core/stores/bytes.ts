/** The identity of bytes as a Map key; orders as the bytes do. */
export function bytesText(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1')
}

export function textBytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Length of the timestamp in front of a stored value. */
export const timestampBytes = 8

/** Milliseconds as Kafka writes them: eight bytes, big-endian, two's complement. */
export function writeMillis(target: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 0x1_0000_0000)
  target.writeInt32BE(high, at)
  target.writeUInt32BE(value - high * 0x1_0000_0000, at + 4)
}

export function readMillis(source: Buffer, at: number): number {
  return source.readInt32BE(at) * 0x1_0000_0000 + source.readUInt32BE(at + 4)
}

/** The key right after this one in byte order: makes an inclusive bound exclusive. */
export function justAfter(key: Uint8Array): Buffer {
  const next = Buffer.alloc(key.length + 1)
  next.set(key)
  return next
}
