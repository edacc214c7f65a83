import { crc32c as native } from '@node-rs/crc32'

/** CRC-32C of `bytes`, or of what went before (`initial`) followed by `bytes`; unsigned. */
export function crc32c(bytes: Uint8Array, initial = 0): number {
  return native(bytes, initial)
}
