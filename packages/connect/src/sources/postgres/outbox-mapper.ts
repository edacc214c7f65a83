import type { Header } from '@millrace/protocol'
import { connectError } from '../../errors.ts'
import { tableText } from '../../postgres/identifiers.ts'
import type { SourceOutput } from '../../runtime/connector.ts'
import { outboxHeaders } from '../outbox/outbox-headers.ts'
import { type OnUnknownTopic, OutboxPublisher } from '../outbox/outbox-publisher.ts'
import type { CaptureMapper, ChangeSource } from './capture.ts'
import { timestampMs } from './json-values.ts'
import { outboxLogMessage, outboxLogPrefix } from './outbox-log-message.ts'
import type { LogicalMessage, RowChange } from './pgoutput.ts'
import type { Relation, RowView } from './row.ts'
import { typeOids } from './type-oids.ts'

export const outboxColumns = ['id', 'aggregatetype', 'aggregateid', 'type', 'payload'] as const

interface Layout {
  readonly relation: Relation
  readonly id: number
  readonly aggregateType: number
  readonly aggregateId: number
  readonly type: number
  readonly payload: number
  readonly payloadIsBytea: boolean
  readonly headers: number
  readonly timestamp: number
  readonly position: number
}

/**
 * Rows of the outbox as records: topic from `aggregatetype`, key from `aggregateid`, value the bytes of `payload` (null
 * is a tombstone), header `id` the event's id. Only inserts count: services delete rows when they please.
 */
export class OutboxMapper implements CaptureMapper {
  readonly #publisher: OutboxPublisher
  #layout: Layout | undefined
  #youngest: number

  /** @param youngest the highest `position` among the rows that are published already */
  constructor(connector: string, topics: readonly string[], onUnknownTopic: OnUnknownTopic, youngest?: string) {
    this.#publisher = new OutboxPublisher(connector, topics, onUnknownTopic)
    this.#youngest = Number(youngest ?? -1)
  }

  get youngest(): string | undefined {
    return this.#youngest < 0 ? undefined : String(this.#youngest)
  }

  change(change: RowChange, source: ChangeSource, output: SourceOutput): void {
    if (change.operation === 'insert' && change.row) this.snapshotRow(change.relation, change.row, source, output)
  }

  truncate(): void {}

  idOf(relation: Relation, row: RowView): string {
    return row.text(this.#layoutOf(relation).id)
  }

  snapshotRow(relation: Relation, row: RowView, source: ChangeSource, output: SourceOutput): void {
    const layout = this.#layoutOf(relation)
    if (layout.position >= 0) {
      const position = Number(row.text(layout.position))
      if (position > this.#youngest) this.#youngest = position
    }
    const topic = row.text(layout.aggregateType)
    const key = row.isNull(layout.aggregateId) ? null : row.bytes(layout.aggregateId)
    const value = payloadOf(row, layout)
    const headers = headersOf(row, layout)
    const written =
      layout.timestamp < 0 || row.isNull(layout.timestamp) ? undefined : timestampMs(row.text(layout.timestamp))
    const describe = () => ({
      id: row.text(layout.id),
      aggregateType: topic,
      aggregateId: row.isNull(layout.aggregateId) ? '' : row.text(layout.aggregateId),
      type: row.isNull(layout.type) ? '' : row.text(layout.type),
    })
    this.#publisher.publish(
      topic,
      { timestampMs: written ?? source.commitTimeMs, key, value, headers },
      describe,
      output,
    )
  }

  /** Messages that were appended with `via: 'log'`. */
  message(message: LogicalMessage, source: ChangeSource, output: SourceOutput): void {
    if (message.prefix !== outboxLogPrefix || !message.isTransactional) return
    const { row, record } = outboxLogMessage(message.content, source.commitTimeMs)
    this.#publisher.publish(row.aggregateType, record, () => row, output)
  }

  #layoutOf(relation: Relation): Layout {
    if (this.#layout?.relation !== relation) this.#layout = layoutOf(relation)
    return this.#layout
  }
}

function layoutOf(relation: Relation): Layout {
  const at = (name: string): number => relation.columns.findIndex((column) => column.name === name)
  const missing = outboxColumns.filter((name) => at(name) < 0)
  if (missing.length > 0) {
    const table = tableText(relation)
    throw connectError('POSTGRES_COLUMN_MISSING', `outbox table ${table} has no column ${missing.join(', ')}`, {
      table,
    })
  }
  return {
    relation,
    id: at('id'),
    aggregateType: at('aggregatetype'),
    aggregateId: at('aggregateid'),
    type: at('type'),
    payload: at('payload'),
    payloadIsBytea: relation.columns[at('payload')]?.typeOid === typeOids.bytea,
    headers: at('headers'),
    timestamp: at('timestamp'),
    position: at('position'),
  }
}

function payloadOf(row: RowView, layout: Layout): Buffer | null {
  if (row.isNull(layout.payload)) return null
  return layout.payloadIsBytea ? Buffer.from(row.text(layout.payload).slice(2), 'hex') : row.bytes(layout.payload)
}

function headersOf(row: RowView, layout: Layout): Header[] {
  const isNone = layout.headers < 0 || row.isNull(layout.headers)
  return outboxHeaders(row.bytes(layout.id), isNone ? null : row.text(layout.headers))
}
