import { batchesIn, RecordBatchBuilder } from '@millrace/protocol'

export interface TestRecord {
  readonly key?: string | null
  readonly value?: string | null
  readonly timestamp?: number
}

type BatchOptions = NonNullable<ConstructorParameters<typeof RecordBatchBuilder>[0]> &
  NonNullable<Parameters<RecordBatchBuilder['build']>[0]>

const bytesOf = (text: string | null | undefined): Buffer | null => (text == null ? null : Buffer.from(text))

/** One batch of the given records; their time is 1_700_000_000_000 unless they say otherwise. */
export function batch(records: readonly TestRecord[], options: BatchOptions = {}): Buffer {
  const builder = new RecordBatchBuilder(options)
  for (const { key, value, timestamp = 1_700_000_000_000 } of records) {
    builder.append(timestamp, bytesOf(key), bytesOf(value))
  }
  return builder.build(options)
}

/** Values with their offsets, as a consumer that reads all batches sees them. */
export function readAll(records: Buffer | null, fromOffset = 0): [number, string | null][] {
  const found: [number, string | null][] = []
  for (const one of batchesIn(records ?? Buffer.alloc(0))) {
    if (one.isControl) continue
    for (const cursor = one.cursor(); cursor.next(); ) {
      if (cursor.offset >= fromOffset) found.push([cursor.offset, cursor.valueBytes()?.toString() ?? null])
    }
  }
  return found
}
