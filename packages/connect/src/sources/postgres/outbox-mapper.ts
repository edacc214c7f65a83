import { deadLetterHeaders, deadLetterTopic } from '@millrace/base/internal'
import type { Header } from '@millrace/protocol'
import { connectError } from '../../errors.ts'
import { tableText } from '../../postgres/identifiers.ts'
import type { SourceOutput } from '../../runtime/connector.ts'
import type { CaptureMapper, ChangeSource } from './capture.ts'
import { timestampMs } from './json-values.ts'
import type { RowChange } from './pgoutput.ts'
import type { Relation, RowView } from './row.ts'
import { typeOids } from './type-oids.ts'

/** What identifies a row whose topic is not among those of the source. Its payload is not passed on. */
export interface UnknownTopicRow {
  readonly id: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly type: string
}

/** `fail` stops the source; a function returns the topic to write to, or undefined to leave the row out. */
export type OnUnknownTopic = 'fail' | 'skip' | 'dead-letter' | ((row: UnknownTopicRow) => string | undefined)

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
}

/**
 * Rows of the outbox as records: topic from `aggregatetype`, key from `aggregateid`, value the bytes of `payload` (null
 * is a tombstone), header `id` the event's id. Only inserts count: services delete rows when they please.
 */
export class OutboxMapper implements CaptureMapper {
  readonly #connector: string
  readonly #topics: ReadonlySet<string>
  readonly #onUnknownTopic: OnUnknownTopic
  #layout: Layout | undefined

  constructor(connector: string, topics: readonly string[], onUnknownTopic: OnUnknownTopic) {
    this.#connector = connector
    this.#topics = new Set(topics)
    this.#onUnknownTopic = onUnknownTopic
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
    const topic = row.text(layout.aggregateType)
    const key = row.isNull(layout.aggregateId) ? null : row.bytes(layout.aggregateId)
    const value = payloadOf(row, layout)
    const headers = headersOf(row, layout)
    const written =
      layout.timestamp < 0 || row.isNull(layout.timestamp) ? undefined : timestampMs(row.text(layout.timestamp))
    const time = written ?? source.commitTimeMs
    if (this.#topics.has(topic)) output.append(topic, time, key, value, headers)
    else this.#unknownTopic({ row, layout, topic, key, value, headers, time, output })
  }

  #layoutOf(relation: Relation): Layout {
    if (this.#layout?.relation !== relation) this.#layout = layoutOf(relation)
    return this.#layout
  }

  #unknownTopic(event: {
    row: RowView
    layout: Layout
    topic: string
    key: Buffer | null
    value: Buffer | null
    headers: Header[]
    time: number
    output: SourceOutput
  }): void {
    const { row, layout, topic, key, value, headers, time, output } = event
    const id = row.text(layout.id)
    if (this.#onUnknownTopic === 'skip') return
    if (typeof this.#onUnknownTopic === 'function') {
      const described = {
        id,
        aggregateType: topic,
        aggregateId: row.text(layout.aggregateId),
        type: row.text(layout.type),
      }
      const chosen = this.#onUnknownTopic(described)
      if (chosen === undefined) return
      if (this.#topics.has(chosen)) {
        output.append(chosen, time, key, value, headers)
        return
      }
    }
    const error = connectError(
      'CONNECT_TOPIC_UNKNOWN',
      `outbox row ${id} is addressed to topic "${topic}", which ${this.#connector} was not given`,
      { connector: this.#connector, topic, event: id },
    )
    if (this.#onUnknownTopic !== 'dead-letter') throw error
    const failure = { topic, partition: -1, offset: -1, stage: 'produce', error, application: this.#connector, headers }
    output.append(deadLetterTopic(this.#connector), time, key, value, deadLetterHeaders(failure, {}))
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
  }
}

function payloadOf(row: RowView, layout: Layout): Buffer | null {
  if (row.isNull(layout.payload)) return null
  return layout.payloadIsBytea ? Buffer.from(row.text(layout.payload).slice(2), 'hex') : row.bytes(layout.payload)
}

/** The event id, then the row's own headers; JSON values that are not strings travel as their JSON text. */
function headersOf(row: RowView, layout: Layout): Header[] {
  const headers: Header[] = [{ key: 'id', value: row.bytes(layout.id) }]
  if (layout.headers < 0 || row.isNull(layout.headers)) return headers
  const text = row.text(layout.headers)
  if (text === '{}') return headers
  const stored: unknown = JSON.parse(text)
  if (typeof stored !== 'object' || stored === null) return headers
  for (const [key, value] of Object.entries(stored)) {
    if (key === 'id') continue
    const bytes = typeof value === 'string' ? value : JSON.stringify(value)
    headers.push({ key, value: value === null ? null : Buffer.from(bytes) })
  }
  return headers
}
