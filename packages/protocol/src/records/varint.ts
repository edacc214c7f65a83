/** Bytes that a number takes as a zigzag varint of 32 bits. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x200000) return 3
  return zigzag < 0x10000000 ? 4 : 5
}

/** Writes a zigzag varint of 32 bits; returns the position behind it. */
export function writeVarint(buffer: Uint8Array, value: number, start: number): number {
  let at = start
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  while (zigzag > 0x7f) {
    buffer[at++] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
  }
  buffer[at++] = zigzag
  return at
}

/** Bytes that a safe integer takes as a zigzag varint of 64 bits. */
export function varlongSize(value: number): number {
  if (value === (value | 0)) return varintSize(value)
  let zigzag = zigzag64(value)
  let size = 1
  while (zigzag > 0x7f) {
    zigzag = Math.floor(zigzag / 128)
    size++
  }
  return size
}

/** Writes a safe integer as a zigzag varint of 64 bits; returns the position behind it. */
export function writeVarlong(buffer: Uint8Array, value: number, start: number): number {
  if (value === (value | 0)) return writeVarint(buffer, value, start)
  let at = start
  let zigzag = zigzag64(value)
  while (zigzag > 0x7f) {
    buffer[at++] = (zigzag % 128) | 0x80
    zigzag = Math.floor(zigzag / 128)
  }
  buffer[at++] = zigzag
  return at
}

/** Doubling is exact up to 2^53: any pair of dates the language can name. */
function zigzag64(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}
