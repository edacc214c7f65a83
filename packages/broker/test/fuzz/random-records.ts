import { gzipSync, zstdCompressSync } from 'node:zlib'
import { crc32c, RecordBatchBuilder } from '@millrace/protocol'
import type { Dictionary } from './dictionary.ts'

const compressions = ['none', 'none', 'none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const recordsAt = 61
const nowMs = 1_700_000_000_000

/** Zeros that take a thousandth of their size: a broker that unpacks them without a limit is out of memory soon. */
const bombBytes = 200 * 1024 * 1024
let bombs: readonly Buffer[] | undefined

/** A record batch as producers send it, or one whose header or records lie although its CRC is right. */
export function randomRecords(dictionary: Dictionary): Buffer {
  if (dictionary.below(20_000) === 0) return bomb(dictionary)
  const builder = new RecordBatchBuilder({ compression: dictionary.pick(compressions), initialBytes: 128 })
  const count = dictionary.chance(0.9) ? 1 + dictionary.below(3) : dictionary.below(60)
  for (let index = 0; index < count; index++) {
    const key = dictionary.chance(0.8) ? Buffer.from(`k${dictionary.below(20)}`) : null
    const value = dictionary.chance(0.9) ? Buffer.from(`v${dictionary.below(1_000)}`) : null
    const headers = dictionary.chance(0.1) ? [{ key: 'h', value: null }] : []
    builder.append(nowMs + dictionary.below(1_000), key, value, headers)
  }
  const producerId = dictionary.chance(0.5) ? dictionary.known('producerId') : undefined
  const idempotent = typeof producerId === 'number' && producerId < 2 ** 53
  const batch = Buffer.from(
    builder.build(
      idempotent
        ? {
            producerId,
            producerEpoch: Math.max(-1, Math.min(32_767, Number(dictionary.known('producerEpoch') ?? 0))),
            baseSequence: dictionary.pick([0, 0, 1, 2, 3, 5, 2 ** 31 - 1]),
            transactional: dictionary.chance(0.6),
          }
        : {},
    ),
  )
  if (dictionary.chance(0.5)) return batch
  if (dictionary.chance(0.15)) return Buffer.concat([batch, batch])
  return lying(batch, dictionary)
}

/** Changes fields or records and makes the CRC right again, so that what comes behind the CRC check gets to see them. */
function lying(batch: Buffer, dictionary: Dictionary): Buffer {
  let changed = batch
  for (let count = 1 + dictionary.below(2); count > 0; count--) {
    const dice = dictionary.below(10)
    if (dice < 4) {
      const { at, size } = dictionary.pick(headerFields)
      const extreme = dictionary.pick(patterns)
      if (dictionary.chance(0.5)) extreme.copy(changed, at, 0, size)
      else changed[at + size - 1] = dictionary.below(256)
    } else if (dice < 8 && changed.length > recordsAt) {
      const at = recordsAt + dictionary.below(changed.length - recordsAt)
      changed[at] = dictionary.pick([0, 1, 2, 0x7f, 0x80, 0xff, dictionary.below(256)])
    } else if (dice === 8) {
      const bombOfVarints = Buffer.alloc(1 + dictionary.below(12), 0xff)
      changed = Buffer.concat([changed.subarray(0, recordsAt), bombOfVarints, changed.subarray(recordsAt)])
      changed.writeInt32BE(changed.length - 12, 8)
    } else changed = changed.subarray(0, recordsAt + dictionary.below(changed.length - recordsAt + 1))
  }
  if (dictionary.chance(0.9) && changed.length > recordsAt) {
    if (dictionary.chance(0.9)) changed.writeInt32BE(changed.length - 12, 8)
    changed.writeUInt32BE(crc32c(changed.subarray(21)), 17)
  }
  return changed
}

const headerFields = [
  { at: 0, size: 8 },
  { at: 8, size: 4 },
  { at: 12, size: 4 },
  { at: 16, size: 1 },
  { at: 21, size: 2 },
  { at: 22, size: 1 },
  { at: 23, size: 4 },
  { at: 27, size: 8 },
  { at: 35, size: 8 },
  { at: 43, size: 8 },
  { at: 51, size: 2 },
  { at: 53, size: 4 },
  { at: 57, size: 4 },
] as const

const patterns = [0, 0xff, 0x7f, 0x80].map((first) =>
  Buffer.from([first, ...Array.from({ length: 7 }, () => (first === 0x7f ? 0xff : first === 0x80 ? 0 : first))]),
)

/** A batch of a few hundred kilobytes that says 200 MiB. */
export function bomb(dictionary: Dictionary): Buffer {
  bombs ??= makeBombs()
  return Buffer.from(dictionary.pick(bombs))
}

function makeBombs(): Buffer[] {
  const zeros = Buffer.alloc(bombBytes)
  return [
    { code: 1, packed: gzipSync(zeros) },
    { code: 4, packed: zstdCompressSync(zeros) },
  ].map(({ code, packed }) => {
    const builder = new RecordBatchBuilder()
    builder.append(nowMs, null, null)
    const batch = Buffer.concat([builder.build().subarray(0, recordsAt), packed])
    batch.writeInt32BE(batch.length - 12, 8)
    batch.writeInt16BE(code, 21)
    batch.writeUInt32BE(crc32c(batch.subarray(21)), 17)
    return batch
  })
}
