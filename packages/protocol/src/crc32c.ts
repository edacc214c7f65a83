import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

type Crc32c = (bytes: Uint8Array, initial?: number) => number

let implementation: Crc32c | undefined

/** CRC-32C of what `initial` stands for followed by `bytes`; unsigned. */
export function crc32c(bytes: Uint8Array, initial = 0): number {
  implementation ??= loadNative() ?? crc32cScript
  return implementation(bytes, initial)
}

/** The native library, undefined where no binary for this platform is installed. */
function loadNative(): Crc32c | undefined {
  try {
    return (require('@node-rs/crc32') as { crc32c: Crc32c }).crc32c
  } catch {
    return undefined
  }
}

let tables: Uint32Array[] | undefined

/** Eight tables of 256: one step takes eight bytes ("slicing by 8"). */
function makeTables(): Uint32Array[] {
  const made = Array.from({ length: 8 }, () => new Uint32Array(256))
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    made[0]![byte] = crc
  }
  for (let slice = 1; slice < 8; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const previous = made[slice - 1]![byte]!
      made[slice]![byte] = (previous >>> 8) ^ made[0]![previous & 0xff]!
    }
  }
  return made
}

/** The same in JavaScript: the fallback, about a twentieth as fast. */
export function crc32cScript(bytes: Uint8Array, initial = 0): number {
  tables ??= makeTables()
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as unknown as Record<number, Uint32Array> & Iterable<Uint32Array>
  let crc = ~initial
  let at = 0
  for (const end = bytes.length - 7; at < end; at += 8) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      t7![crc & 0xff]! ^
      t6![(crc >>> 8) & 0xff]! ^
      t5![(crc >>> 16) & 0xff]! ^
      t4![crc >>> 24]! ^
      t3![bytes[at + 4]!]! ^
      t2![bytes[at + 5]!]! ^
      t1![bytes[at + 6]!]! ^
      t0![bytes[at + 7]!]!
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0![(crc ^ bytes[at]!) & 0xff]!
  return ~crc >>> 0
}
