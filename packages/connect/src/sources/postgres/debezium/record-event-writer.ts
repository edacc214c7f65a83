import type { Clock } from '@millrace/base'
import type { ConnectHeader } from '../../../data/record.ts'
import type { SourceOutput } from '../../../runtime/connector.ts'
import { type EventSource, type EventWriter, type PlainEvent, type RowEvent, sequenceText } from './event.ts'
import { debeziumVersion } from './event-schemas.ts'
import { type BadValueHandler, keyData, rowData } from './row-json.ts'

export interface RecordEventOptions {
  readonly name: string
  readonly database: string
  readonly headers: readonly (readonly [string, string])[]
  readonly onBadValue: BadValueHandler
  readonly clock: Clock
}

/** Events as data with schemas, for transforms and converters. */
export class RecordEventWriter implements EventWriter {
  readonly #options: RecordEventOptions
  readonly #headers: readonly ConnectHeader[]

  constructor(options: RecordEventOptions) {
    this.#options = options
    this.#headers = options.headers.map(([key, value]) => ({ key, schema: { type: 'string' }, value }))
  }

  row(event: RowEvent, timestampMs: number, output: SourceOutput): void {
    const { shape, operation, before, after, old, block } = event
    const { onBadValue, clock } = this.#options
    const now = BigInt(clock.now())
    const value = {
      before: before ? rowData(shape, before, undefined, onBadValue) : null,
      after: after ? rowData(shape, after, old, onBadValue) : null,
      source: sourceData(event.source, this.#options),
      transaction: block ? blockData(block) : null,
      op: operation,
      ts_ms: now,
      ts_us: now * 1_000n,
      ts_ns: now * 1_000_000n,
    }
    this.#write(event, timestampMs, { schema: shape.envelope, value }, output)
  }

  tombstone(event: RowEvent, timestampMs: number, output: SourceOutput): void {
    this.#write(event, timestampMs, { schema: undefined, value: null }, output)
  }

  plain({ topic, timestampMs, keySchema, key, valueSchema, value }: PlainEvent, output: SourceOutput): void {
    output.record({
      topic,
      partition: undefined,
      timestampMs,
      key: { schema: keySchema, value: key },
      value: { schema: valueSchema, value },
      headers: [],
    })
  }

  #write(
    { shape, keyRow, otherKey, old }: RowEvent,
    timestampMs: number,
    value: { schema: RowEvent['shape']['envelope'] | undefined; value: unknown },
    output: SourceOutput,
  ): void {
    const { keySchema } = shape
    const other: ConnectHeader[] = otherKey
      ? [{ key: otherKey.header, schema: keySchema, value: keyData(shape, otherKey.row, old) }]
      : []
    output.record({
      topic: shape.topic,
      partition: undefined,
      timestampMs,
      key:
        keySchema && keyRow
          ? { schema: keySchema, value: keyData(shape, keyRow, old) }
          : { schema: undefined, value: null },
      value,
      headers: [...other, ...this.#headers],
    })
  }
}

/** The block `source` as data. */
export function sourceData(source: EventSource, { name, database }: { name: string; database: string }): unknown {
  const { tsMicros, snapshot, schema, table, xid, lsn, xmin, origin } = source
  const long = (value: number | undefined): bigint | null => (value === undefined ? null : BigInt(value))
  return {
    version: debeziumVersion,
    connector: 'postgresql',
    name,
    ts_ms: BigInt(Math.floor(tsMicros / 1_000)),
    // Left to the schema's default, which transforms tell from a value.
    snapshot: snapshot === 'false' ? null : snapshot,
    db: database,
    sequence: sequenceText(source),
    ts_us: BigInt(tsMicros),
    ts_ns: BigInt(tsMicros) * 1_000n,
    schema,
    table,
    txId: long(xid),
    lsn: long(lsn),
    xmin: long(xmin),
    origin: origin?.name ?? null,
    origin_lsn: long(origin?.lsn),
  }
}

export function blockData({ id, totalOrder, tableOrder }: NonNullable<RowEvent['block']>): unknown {
  return { id, total_order: BigInt(totalOrder), data_collection_order: BigInt(tableOrder) }
}
