import { randomInt, seededRandom } from '@millrace/base'
import type { WireCommand } from './wire.ts'

/** A record as Wire.java takes it; bytes are base64. */
export interface SampleRecord {
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** Records with nulls, empties, headers, times that go back and values of several sizes. */
export function sampleRecords(count: number, valueBytes: number): SampleRecord[] {
  const random = seededRandom(count)
  return Array.from({ length: count }, (_, index) => ({
    timestamp: 1_700_000_000_000 + (index % 5 === 4 ? -90_000 : index * 17),
    key: index % 4 === 3 ? null : base64(`key-${randomInt(random, 50)}`),
    value: index % 7 === 6 ? null : base64(`value ${index} `.repeat(1 + randomInt(random, valueBytes / 8))),
    headers: Array.from({ length: index % 3 }, (_, header) => ({
      key: `header-${header}-ü`,
      value: header === 1 ? null : base64(`of ${index}`),
    })),
  }))
}

/** The batches whose bytes Java makes: each codec, transactional or not, append time, odd records, control batches. */
export function sampleBatches(): WireCommand[] {
  const plain = {
    op: 'batch',
    compression: 'none',
    appendTime: false,
    baseOffset: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    transactional: false,
    leaderEpoch: -1,
  }
  const control = { op: 'control', timestamp: 1_700_000_000_000, leaderEpoch: 2, producerId: 77, producerEpoch: 4 }
  const odd: SampleRecord[] = [
    { timestamp: 0, key: '', value: '', headers: [{ key: '', value: '' }] },
    { timestamp: 2 ** 41, key: null, value: null, headers: [] },
    { timestamp: 1, key: base64('k'.repeat(200)), value: base64('v'.repeat(20_000)), headers: [] },
  ]
  const producer = {
    producerId: 5_000_000_000,
    producerEpoch: 3,
    baseSequence: 41,
    transactional: true,
    leaderEpoch: 9,
  }
  return [
    ...['none', 'gzip', 'snappy', 'lz4', 'zstd'].flatMap((compression) => [
      { ...plain, compression, records: sampleRecords(20, 60) },
      { ...plain, ...producer, compression, baseOffset: 8_000_000_000_000, records: sampleRecords(150, 2000) },
    ]),
    { ...plain, appendTime: true, baseOffset: 12, records: sampleRecords(3, 30) },
    { ...plain, baseOffset: 3, records: odd },
    { ...control, type: 'commit', baseOffset: 1234, coordinatorEpoch: 8 },
    { ...control, type: 'abort', baseOffset: 1235, coordinatorEpoch: 9 },
  ]
}
