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

/** Milliseconds as Kafka writes them: eight bytes, big-endian, two's complement. Byte by byte: each record has a few of them. */
export function writeMillis(target: Uint8Array, value: number, at: number): void {
  const high = Math.floor(value / 0x1_0000_0000)
  if (!(high >= -0x8000_0000 && high <= 0x7fff_ffff)) throw new RangeError(`${value} is no time in milliseconds`)
  const low = value - high * 0x1_0000_0000
  target[at] = high >> 24
  target[at + 1] = high >> 16
  target[at + 2] = high >> 8
  target[at + 3] = high
  target[at + 4] = low >> 24
  target[at + 5] = low >> 16
  target[at + 6] = low >> 8
  target[at + 7] = low
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
