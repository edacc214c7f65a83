import type { Serde } from '@millrace/contracts'
import { isNotReady } from '@millrace/contracts/internal'
import type { RecordBatchView } from '@millrace/protocol'
import type { BadRecord, SinkBatch } from '../../runtime/connector.ts'
import type { TablePlan } from './table-plan.ts'

/** One row in PostgreSQL's text form. What it was made from is not kept: a batch holds tens of thousands of them. */
export interface Row {
  readonly offset: number
  /** Where the record lies. */
  readonly batch: RecordBatchView
  readonly isDelete: boolean
  /** In the order of the plan's columns; of a delete only the key columns. */
  readonly texts: readonly (string | null)[]
  /** The key columns as one text. */
  readonly identity: string
}

export interface RecordSerdes {
  readonly key: Serde<unknown, never>
  readonly value: Serde<unknown, never>
}

/** The rows of a batch, and the records that cannot be made into one. @throws UnknownFieldError */
export function rowsOf(
  batch: SinkBatch,
  serdes: RecordSerdes,
  plan: TablePlan,
  mode: 'upsert' | 'insert',
): { rows: Row[]; bad: BadRecord[] } {
  const rows: Row[] = []
  const bad: BadRecord[] = []
  for (const view of batch.batches) {
    const cursor = view.cursor()
    while (cursor.next()) {
      const { offset } = cursor
      if (offset < batch.firstOffset) continue
      let stage: BadRecord['stage'] = 'deserialize'
      try {
        const key = read(serdes.key, cursor.keyBytes())
        const value = read(serdes.value, cursor.valueBytes())
        stage = 'process'
        rows.push(rowOf({ offset, batch: view, key, value }, plan, mode))
      } catch (error) {
        if (error instanceof UnknownFieldError || isNotReady(error)) throw error
        bad.push(badRecord(batch, view, offset, stage, error))
      }
    }
  }
  return { rows, bad }
}

/** The first record with a value that can be read: what a table is made from when there is none. */
export function firstReadable(batch: SinkBatch, serdes: RecordSerdes): { key: unknown; value: unknown } | undefined {
  for (const view of batch.batches) {
    const cursor = view.cursor()
    while (cursor.next()) {
      if (cursor.offset < batch.firstOffset || cursor.valueLength < 0) continue
      try {
        return { key: read(serdes.key, cursor.keyBytes()), value: read(serdes.value, cursor.valueBytes()) }
      } catch (error) {
        if (isNotReady(error)) throw error
        // It will be set aside with the others.
      }
    }
  }
  return undefined
}

function read(serde: Serde<unknown, never>, bytes: Buffer | null): unknown {
  return bytes === null ? null : serde.deserialize(bytes)
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

/** @throws TypeError naming what does not fit */
function rowOf(
  record: { readonly offset: number; readonly batch: RecordBatchView; readonly key: unknown; readonly value: unknown },
  plan: TablePlan,
  mode: 'upsert' | 'insert',
): Row {
  const { offset, batch, key, value } = record
  const isDelete = value === null
  if (isDelete && mode === 'insert') throw new TypeError('a tombstone cannot be inserted')
  if (mode === 'upsert' && key === null) throw new TypeError('a record without key cannot be upserted')
  if (!isDelete && plan.knownFields) checkFields(value, plan.knownFields)
  const columns = isDelete ? plan.keyColumns : plan.columns
  const texts = new Array<string | null>(columns.length)
  let identity = ''
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!
    const field = column.value(value, key)
    const text = field === null || field === undefined ? null : column.encode(field)
    texts[i] = text
    if (!column.isKey) continue
    identity = plan.keyColumns.length === 1 ? (text ?? '') : `${identity}${text}\0`
  }
  return { offset, batch, isDelete, texts, identity }
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
