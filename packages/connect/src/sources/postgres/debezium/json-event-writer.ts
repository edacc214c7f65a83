import type { Clock } from '@millrace/base'
import type { Header } from '@millrace/protocol'
import { jsonString } from '../../../converters/json-text.ts'
import type { SourceOutput } from '../../../runtime/connector.ts'
import { TextScratch } from '../text-scratch.ts'
import { dataJson, schemaJson } from './data-json.ts'
import type { EventSource, EventWriter, PlainEvent, RowEvent } from './event.ts'
import { debeziumVersion } from './event-schemas.ts'
import { type BadValueHandler, keyJson, rowJson } from './row-json.ts'
import type { TableShape } from './table-shape.ts'

export interface JsonEventOptions {
  readonly name: string
  readonly database: string
  readonly keySchemas: boolean
  readonly valueSchemas: boolean
  /** Of every event about a row. */
  readonly headers: readonly (readonly [string, string])[]
  readonly onBadValue: BadValueHandler
  readonly clock: Clock
}

/** Events as the JSON that Kafka Connect's converter would make of them, without the data in between. */
export class JsonEventWriter implements EventWriter {
  readonly #options: JsonEventOptions
  readonly #headers: readonly Header[]
  readonly #sourceStart: string
  readonly #sourceDatabase: string
  readonly #keyScratch = new TextScratch()
  readonly #valueScratch = new TextScratch()

  constructor(options: JsonEventOptions) {
    this.#options = options
    this.#headers = options.headers.map(([key, value]) => ({ key, value: Buffer.from(value) }))
    this.#sourceStart = `{"version":"${debeziumVersion}","connector":"postgresql","name":${jsonString(options.name)},"ts_ms":`
    this.#sourceDatabase = `,"db":${jsonString(options.database)},"sequence":`
  }

  row(event: RowEvent, timestampMs: number, output: SourceOutput): void {
    const { shape, operation, before, after, old, source, block } = event
    const { valueSchemas, onBadValue, clock } = this.#options
    const now = clock.now()
    const beforeText = before ? rowJson(shape, before, undefined, onBadValue) : 'null'
    const afterText = after ? rowJson(shape, after, old, onBadValue) : 'null'
    const transaction = block
      ? `{"id":"${block.id}","total_order":${block.totalOrder},"data_collection_order":${block.tableOrder}}`
      : 'null'
    const payload = `{"before":${beforeText},"after":${afterText},"source":${this.#source(source, shape)},"transaction":${transaction},"op":"${operation}","ts_ms":${now},"ts_us":${now}000,"ts_ns":${now}000000}`
    const value = this.#valueScratch.encode(valueSchemas ? `${shape.envelopeJson}${payload}}` : payload)
    output.append(shape.topic, timestampMs, this.#key(event), value, this.#headersOf(event))
  }

  tombstone(event: RowEvent, timestampMs: number, output: SourceOutput): void {
    output.append(event.shape.topic, timestampMs, this.#key(event), null, this.#headersOf(event))
  }

  plain(event: PlainEvent, output: SourceOutput): void {
    const { keySchemas, valueSchemas } = this.#options
    const text = (isWhole: boolean, schema: PlainEvent['keySchema'], value: unknown): Buffer => {
      const payload = dataJson(schema, value)
      return Buffer.from(isWhole ? `{"schema":${schemaJson(schema)},"payload":${payload}}` : payload)
    }
    const key = text(keySchemas, event.keySchema, event.key)
    output.append(event.topic, event.timestampMs, key, text(valueSchemas, event.valueSchema, event.value), [])
  }

  #key({ shape, keyRow, old }: RowEvent): Buffer | null {
    if (shape.key.length === 0 || !keyRow) return null
    const payload = keyJson(shape, keyRow, old)
    return this.#keyScratch.encode(this.#options.keySchemas ? `${shape.keySchemaJson}${payload}}` : payload)
  }

  #headersOf({ shape, otherKey, old }: RowEvent): readonly Header[] {
    if (!otherKey) return this.#headers
    return [{ key: otherKey.header, value: Buffer.from(keyJson(shape, otherKey.row, old)) }, ...this.#headers]
  }

  #source(
    { tsMicros, snapshot, xid, lsn, lastCommitLsn, xmin, origin }: EventSource,
    { namesJson }: TableShape,
  ): string {
    const from = origin ? `${jsonString(origin.name)},"origin_lsn":${origin.lsn}` : 'null,"origin_lsn":null'
    const time = `"ts_us":${tsMicros},"ts_ns":${tsMicros}000`
    return `${this.#sourceStart}${Math.floor(tsMicros / 1_000)},"snapshot":"${snapshot}"${this.#sourceDatabase}"[${quoted(lastCommitLsn)},${quoted(lsn)}]",${time},${namesJson},"txId":${xid ?? null},"lsn":${lsn ?? null},"xmin":${xmin ?? null},"origin":${from}}`
  }
}

/** A text within a text. */
function quoted(lsn: number | undefined): string {
  return lsn === undefined ? 'null' : `\\"${lsn}\\"`
}
