import type { Client } from 'pg'
import { connectError } from '../../../errors.ts'
import { tableText } from '../../../postgres/identifiers.ts'
import type { SourceOutput } from '../../../runtime/connector.ts'
import type { CaptureMapper, ChangeSource } from '../capture.ts'
import type { LogicalMessage, RowChange } from '../pgoutput.ts'
import type { Relation, RowView } from '../row.ts'
import type { PostgresType } from './column-codec.ts'
import type { EventSource, EventWriter, RowEvent } from './event.ts'
import type { MessageEvents } from './message-events.ts'
import type { Reselection } from './reselection.ts'
import { keyJson, sameRow } from './row-json.ts'
import type { SlotXmin } from './slot-xmin.ts'
import type { TableDescription } from './table-description.ts'
import { type ShapeOptions, type TableShape, tableShape } from './table-shape.ts'
import type { TransactionEvents } from './transaction-events.ts'
import { vanishedEvent } from './vanished-event.ts'

/** What the catalog says about a table of the stream. */
export interface TableFacts {
  readonly typeOf: (oid: number) => PostgresType
  readonly description: TableDescription | undefined
}

export interface FactsReader {
  read(relation: Relation, from: { readonly client: Client } | { readonly xid: number }): Promise<TableFacts>
  close(): Promise<void>
}

export interface EnvelopeMapperOptions {
  readonly writer: EventWriter
  readonly shape: ShapeOptions
  readonly includesTable: (table: string) => boolean
  readonly catalog: FactsReader
  /** Operations that are left out: `c`, `u`, `d`, `t`. */
  readonly skipped: ReadonlySet<string>
  /** Whether updates of columns that are not captured are left out; the old row has to be in the log for that. */
  readonly skipUnchanged: boolean
  /** Whether a delete is followed by a record without a value, so that compaction removes the key. */
  readonly tombstones: boolean
  readonly transactions: TransactionEvents | undefined
  readonly messages: MessageEvents
  readonly reselection?: Reselection | undefined
  readonly xmin?: SlotXmin | undefined
  /** Whether values are JSON, so that a last event can be read again. */
  readonly isJson: boolean
}

/** Debezium's events: what a row was, what it is, and where the change comes from. */
export class EnvelopeMapper implements CaptureMapper {
  readonly #options: EnvelopeMapperOptions
  /** Undefined for a table that is not captured, though it is published. */
  readonly #shapes = new WeakMap<Relation, { readonly shape: TableShape | undefined }>()
  /** An event of which columns have to be read before it is written. */
  #waiting: { readonly event: RowEvent; readonly places: readonly number[]; readonly timestampMs: number } | undefined

  constructor(options: EnvelopeMapperOptions) {
    this.#options = options
  }

  /** To be called for every relation before its rows come, and again whenever it was altered. */
  async describe(relation: Relation, from: { readonly client: Client } | { readonly xid: number }): Promise<void> {
    if ('xid' in from) await this.#options.xmin?.ready()
    if (!this.#options.includesTable(tableText(relation))) {
      this.#shapes.set(relation, { shape: undefined })
      return
    }
    const { typeOf, description } = await this.#options.catalog.read(relation, from)
    this.#shapes.set(relation, { shape: tableShape(relation, typeOf, description, this.#options.shape) })
  }

  async close(): Promise<void> {
    const { catalog, reselection, xmin } = this.#options
    await Promise.all([catalog.close(), reselection?.close(), xmin?.close()])
  }

  settle(output: SourceOutput): Promise<void> | undefined {
    return this.#waiting && this.#written(output)
  }

  async #written(output: SourceOutput): Promise<void> {
    const { event, places, timestampMs } = this.#waiting!
    this.#waiting = undefined
    const after = await this.#options.reselection!.read(event, places)
    this.#options.writer.row({ ...event, after }, timestampMs, output)
  }

  begin(transaction: { readonly xid: number; readonly commitTimeMs: number; readonly lsn: string }): void {
    this.#options.transactions?.begin(transaction.xid, lsnNumber(transaction.lsn), transaction.commitTimeMs)
  }

  commit(lsn: string, output: SourceOutput): void {
    this.#options.transactions?.end(lsnNumber(lsn), output)
  }

  change(change: RowChange, source: ChangeSource, output: SourceOutput): void {
    const { relation, row, old } = change
    const shape = this.#shapeOf(relation)
    if (!shape) return
    const common = { shape, source: this.#source(relation, source), old }
    if (change.operation === 'insert') {
      this.#emit({ ...common, operation: 'c', keyRow: row, before: undefined, after: row }, source, output)
    } else if (!row) {
      this.#emit({ ...common, operation: 'd', keyRow: old, before: old, after: undefined }, source, output)
    } else if (old && shape.key.length > 0 && keyJson(shape, old, undefined) !== keyJson(shape, row, old)) {
      this.#changeKey(common, { row, old }, source, output)
    } else {
      if (this.#options.skipUnchanged && old && sameRow(shape, row, old)) return
      this.#emit({ ...common, operation: 'u', keyRow: row, before: old, after: row }, source, output)
    }
  }

  /** Two records, since a table that is kept by key has to forget the old one; each names the other in a header. */
  #changeKey(
    common: Pick<RowEvent, 'shape' | 'source' | 'old'>,
    { row, old }: { row: RowView; old: RowView },
    source: ChangeSource,
    output: SourceOutput,
  ): void {
    const newKey = { header: '__debezium.newkey', row }
    const oldKey = { header: '__debezium.oldkey', row: old }
    this.#emit(
      { ...common, operation: 'd', keyRow: old, before: old, after: undefined, otherKey: newKey },
      source,
      output,
    )
    this.#emit(
      { ...common, operation: 'c', keyRow: row, before: undefined, after: row, otherKey: oldKey },
      source,
      output,
    )
  }

  truncate(relation: Relation, source: ChangeSource, output: SourceOutput): void {
    const shape = this.#shapeOf(relation)
    if (!shape) return
    const event = { shape, operation: 't', source: this.#source(relation, source) } as const
    this.#emit({ ...event, keyRow: undefined, before: undefined, after: undefined, old: undefined }, source, output)
  }

  snapshotRow(relation: Relation, row: RowView, source: ChangeSource, output: SourceOutput): void {
    const shape = this.#shapeOf(relation)
    if (!shape) return
    const event = { shape, operation: 'r', source: eventSource(relation, source), block: undefined } as const
    const rest = { keyRow: row, before: undefined, after: row, old: undefined, otherKey: undefined }
    this.#options.writer.row({ ...event, ...rest }, source.commitTimeMs, output)
  }

  /** A delete that nobody saw, and a tombstone. */
  vanished(last: { topic: string; key: Buffer; value: Buffer }, source: ChangeSource, output: SourceOutput): void {
    const { isJson, tombstones } = this.#options
    const event = isJson ? vanishedEvent(last.value, source.commitTimeMs) : undefined
    if (event) output.append(last.topic, source.commitTimeMs, last.key, event, [])
    if (tombstones || !isJson) output.append(last.topic, source.commitTimeMs, last.key, null, [])
  }

  message(message: LogicalMessage, source: ChangeSource, output: SourceOutput): void {
    const { messages, transactions } = this.#options
    if (!messages.includes(message.prefix)) return
    const lsn = lsnNumber(source.lsn ?? '0/0')
    const isPublished = source.isPublished === true
    const block = message.isTransactional
      ? transactions?.event('LOGICAL_DECODING_MESSAGE', lsn, isPublished ? undefined : output)
      : undefined
    if (!isPublished) messages.write(message, this.#source({ schema: '', name: '' }, source), block, output)
  }

  #emit(
    event: Omit<RowEvent, 'block' | 'otherKey'> & Partial<RowEvent>,
    source: ChangeSource,
    output: SourceOutput,
  ): void {
    const { skipped, transactions, tombstones, writer, reselection } = this.#options
    if (skipped.has(event.operation)) return
    const isPublished = source.isPublished === true
    const block = transactions?.event(
      tableText(event.shape.relation),
      event.source.lsn ?? 0,
      isPublished ? undefined : output,
    )
    if (isPublished) return
    const whole: RowEvent = { ...event, block, otherKey: event.otherKey }
    const places = reselection?.wanted(whole)
    if (places) {
      this.#waiting = { event: whole, places, timestampMs: source.commitTimeMs }
      return
    }
    writer.row(whole, source.commitTimeMs, output)
    if (event.operation === 'd' && tombstones) writer.tombstone(whole, source.commitTimeMs, output)
  }

  /** Of a change in the stream. */
  #source(relation: Pick<Relation, 'schema' | 'name'>, source: ChangeSource): EventSource {
    return eventSource(relation, source, this.#options.xmin?.value)
  }

  /** Undefined for tables that are not captured. */
  #shapeOf(relation: Relation): TableShape | undefined {
    const known = this.#shapes.get(relation)
    if (known) return known.shape
    const table = tableText(relation)
    if (!this.#options.includesTable(table)) return undefined
    throw connectError('POSTGRES_STREAM_INVALID', `rows of ${table} came before its description`, { table })
  }
}

function eventSource(relation: Pick<Relation, 'schema' | 'name'>, source: ChangeSource, xmin?: number): EventSource {
  const { commitTimeMs, commitTimeMicros, lsn, lastCommitLsn, commitLsn, xid, snapshot, origin } = source
  return {
    tsMicros: commitTimeMicros ?? commitTimeMs * 1_000,
    snapshot: snapshot ?? 'false',
    lastCommitLsn: lastCommitLsn === undefined ? undefined : Number(lastCommitLsn),
    lsn: lsn === undefined ? Number(commitLsn) : lsnNumber(lsn),
    schema: relation.schema,
    table: relation.name,
    xid: xid === 0 ? undefined : xid,
    xmin,
    origin,
  }
}

/** Positions are far below 2^53 in any database's life, so a number holds them exactly. */
function lsnNumber(text: string): number {
  const slash = text.indexOf('/')
  return Number.parseInt(text.slice(0, slash), 16) * 4_294_967_296 + Number.parseInt(text.slice(slash + 1), 16)
}
