import type { Serde } from '@millrace/contracts'
import type { RecordBatchView } from '@millrace/protocol'
import type { BadRecord, SinkBatch } from '../../runtime/connector.ts'
import type { TablePlan } from './table-plan.ts'

/** A record that was read: a row to write, or with `value` null a key to delete. */
export interface DecodedRecord {
  readonly offset: number
  readonly batch: RecordBatchView
  readonly key: unknown
  readonly value: unknown
}

/** One row in PostgreSQL's text form, in the order of the plan's columns; only the key columns are set for a delete. */
export interface Row {
  readonly record: DecodedRecord
  readonly isDelete: boolean
  readonly texts: readonly (string | null)[]
  /** The key columns as one text. */
  readonly identity: string
}

export interface RecordSerdes {
  readonly key: Serde<unknown, never>
  readonly value: Serde<unknown, never>
}

/** Reads the records of a batch; those that cannot be read come back as bad. */
export function decodeBatch(batch: SinkBatch, serdes: RecordSerdes): { records: DecodedRecord[]; bad: BadRecord[] } {
  const records: DecodedRecord[] = []
  const bad: BadRecord[] = []
  for (const view of batch.batches) {
    const cursor = view.cursor()
    while (cursor.next()) {
      const { offset } = cursor
      if (offset < batch.firstOffset) continue
      const key = cursor.keyBytes()
      const value = cursor.valueBytes()
      try {
        records.push({
          offset,
          batch: view,
          key: key && serdes.key.deserialize(key),
          value: value && serdes.value.deserialize(value),
        })
      } catch (error) {
        bad.push(badRecord(batch, view, offset, 'deserialize', error))
      }
    }
  }
  return { records, bad }
}

/** The record with copies of its bytes, for the dead-letter topic; found again in its batch since that is rare. */
export function badRecord(
  batch: SinkBatch,
  view: RecordBatchView,
  offset: number,
  stage: BadRecord['stage'],
  error: unknown,
): BadRecord {
  const cursor = view.cursor()
  while (cursor.next() && cursor.offset !== offset);
  const key = cursor.keyBytes()
  const value = cursor.valueBytes()
  return {
    topic: batch.topic,
    partition: batch.partition,
    offset,
    timestampMs: cursor.timestamp,
    key: key && Buffer.from(key),
    value: value && Buffer.from(value),
    headers: cursor.headers().map((header) => ({ key: header.key, value: header.value && Buffer.from(header.value) })),
    stage,
    error: error instanceof Error ? error : new Error(String(error)),
  }
}

/** The row of a record. @throws TypeError naming what does not fit; the caller sets the record aside */
export function rowOf(record: DecodedRecord, plan: TablePlan, mode: 'upsert' | 'insert'): Row {
  const isDelete = record.value === null
  if (isDelete && mode === 'insert') throw new TypeError('a tombstone cannot be inserted')
  if (mode === 'upsert' && record.key === null) throw new TypeError('a record without key cannot be upserted')
  if (!isDelete && plan.knownFields) checkFields(record.value, plan.knownFields)
  const columns = isDelete ? plan.keyColumns : plan.columns
  const texts = new Array<string | null>(columns.length)
  let identity = ''
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!
    const value = column.value(record.value, record.key)
    const text = value === null || value === undefined ? null : column.encode(value)
    texts[i] = text
    if (column.isKey) identity += `${text}\0`
  }
  return { record, isDelete, texts, identity }
}

/** A field for which the table has no column would be lost without anyone noticing. */
export class UnknownFieldError extends Error {
  readonly field: string
  constructor(field: string) {
    super(`the value has a field "${field}" for which there is no column`)
    this.field = field
  }
}

function checkFields(value: unknown, known: ReadonlySet<string>): void {
  if (typeof value !== 'object' || value === null) throw new TypeError(`a value of type ${typeof value} is no row`)
  for (const field in value) if (!known.has(field)) throw new UnknownFieldError(field)
}

/** The last row of each key, in order. */
export function lastPerKey(rows: readonly Row[]): Row[] {
  const last = new Map<string, Row>()
  for (const row of rows) last.set(row.identity, row)
  return last.size === rows.length ? [...rows] : [...last.values()]
}

/** Consecutive rows, split where a key comes again or inserts and deletes meet. */
export function runsOfDistinctKeys(rows: readonly Row[], isUpsert: boolean): Row[][] {
  const runs: Row[][] = []
  let run: Row[] = []
  let seen = new Set<string>()
  for (const row of rows) {
    const first = run[0]
    if (first && (first.isDelete !== row.isDelete || (isUpsert && seen.has(row.identity)))) {
      runs.push(run)
      run = []
      seen = new Set()
    }
    run.push(row)
    seen.add(row.identity)
  }
  if (run.length > 0) runs.push(run)
  return runs
}
