import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'

export interface GlobalJoinOptions {
  readonly store: string
  /** The key to look up, made from the record; null where there is none. */
  readonly mapKey: (value: unknown, key: unknown, context: RecordContext) => unknown
  readonly joiner: (value: unknown, row: unknown, key: unknown, mappedKey: unknown) => unknown
  readonly isLeft: boolean
}

/** A stream looks rows of a global table up under a key of its own making; the record keeps the key it has. */
export function globalJoinOperator({ store: name, mapKey, joiner, isLeft }: GlobalJoinOptions): CreateProcessor {
  return ({ node, context, forward, drop, miss, store }) => {
    const table = store(name)
    const out = new FlowRecord()
    return {
      process(record) {
        if (!record.hasValue) {
          miss('null-value', record.timestamp, -1)
          return drop('null-value')
        }
        const { value, key } = record
        const mapped = settled(mapKey(value, key, context), node) ?? null
        if (mapped === null) {
          miss('null-key', record.timestamp, -1)
          if (!isLeft) return drop('null-key')
        }
        const row = mapped === null ? undefined : table.get(mapped)
        if (row === undefined) {
          if (mapped !== null) miss('no-row', record.timestamp, -1)
          if (!isLeft) return
        }
        const found = row === undefined ? null : row.value
        out.setValue(settled(joiner(value, found, key, mapped), node) ?? null)
        out.keyFrom(record)
        out.timestamp = record.timestamp
        forward(out)
      },
    }
  }
}
