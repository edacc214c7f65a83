import { isNotReady } from '@millrace/contracts/internal'
import type { RecordBatchView, RecordCursor } from '@millrace/protocol'
import type { BadRecord, SinkBatch } from '../../runtime/connector.ts'
import { badRecord } from '../bad-record.ts'
import type { DecodedRecord, RecordDecoder } from '../record-decoder.ts'
import type { RowValues } from './dialect.ts'
import { type Mutation, mutationOf } from './mutation.ts'
import { isPlainObject } from './record-fields.ts'
import type { SqlSinkSettings } from './settings.ts'
import type { RecordPlace, TablePlan, Wanting } from './table-plan.ts'
import { isUnavailable } from './unavailable-value.ts'

/** One row as the dialect writes it. What it was made from is not kept: a batch holds tens of thousands of them. */
export interface Row extends RowValues {
  readonly offset: number
  /** Where the record lies. */
  readonly batch: RecordBatchView
  readonly plan: TablePlan
  readonly kind: 'write' | 'delete' | 'truncate'
  /** In the order of the plan's columns; of a delete only the key columns. */
  readonly values: readonly unknown[]
  /** The key columns as one text. */
  readonly identity: string
}

type Lookup = (table: string, record: DecodedRecord, mutation: Mutation) => TablePlan | undefined

/** Makes rows of a batch, stopping wherever a record needs a plan that is not there yet. */
export class RowReader {
  readonly rows: Row[] = []
  /** Records that cannot be made into a row. */
  readonly bad: BadRecord[] = []
  readonly #batch: SinkBatch
  readonly #decoder: RecordDecoder
  readonly #settings: SqlSinkSettings
  readonly #place: RecordPlace
  #view = 0
  #cursor: RecordCursor | undefined
  /** The record at the cursor is still to be read. */
  #isPending = false
  /** The plan of the record before, which is that of most that follow; forgotten whenever plans may have changed. */
  #plan: TablePlan | undefined
  #planTable = ''

  constructor(batch: SinkBatch, decoder: RecordDecoder, settings: SqlSinkSettings) {
    this.#batch = batch
    this.#decoder = decoder
    this.#settings = settings
    const { topic, partition } = batch
    this.#place = { record: undefined as unknown as DecodedRecord, topic, partition, offset: 0 }
  }

  /** Reads on to the end, then returns undefined; or to a record without a plan, which is read again by the next call. */
  read(lookup: Lookup): Wanting | undefined {
    this.#plan = undefined
    for (; this.#view < this.#batch.batches.length; this.#view++) {
      const view = this.#batch.batches[this.#view]!
      this.#cursor ??= view.cursor()
      const cursor = this.#cursor
      while (this.#isPending || cursor.next()) {
        this.#isPending = true
        const { offset } = cursor
        const wanting = offset < this.#batch.firstOffset ? undefined : this.#readOne(view, cursor, offset, lookup)
        if (wanting) return wanting
        this.#isPending = false
      }
      this.#cursor = undefined
    }
    return undefined
  }

  #readOne(view: RecordBatchView, cursor: RecordCursor, offset: number, lookup: Lookup): Wanting | undefined {
    let stage: BadRecord['stage'] = 'deserialize'
    try {
      const record = this.#decoder.decode(cursor, this.#batch)
      if (!record) return undefined
      stage = 'process'
      const settings = this.#settings
      const mutation = mutationOf(record, settings.unwraps)
      if (mutation.kind === 'skip' || !isWanted(mutation, record, settings)) return undefined
      const tableText = settings.tableOf(record)
      const plan = this.#planOf(tableText, record, mutation, lookup)
      if (!plan || !knowsFields(plan, mutation)) return { tableText, record, mutation }
      this.#place.record = record
      this.#place.offset = offset
      this.rows.push(rowOf(view, plan, mutation, this.#place))
      return undefined
    } catch (error) {
      if (isNotReady(error)) throw error
      this.bad.push(badRecord(this.#batch, view, offset, stage, error))
      return undefined
    }
  }

  #planOf(table: string, record: DecodedRecord, mutation: Mutation, lookup: Lookup): TablePlan | undefined {
    // Without schemas there is one plan per table, of writes and deletes alike.
    const isPlain = mutation.schema === undefined && record.keySchema === undefined && mutation.kind === 'write'
    if (isPlain && this.#plan && table === this.#planTable) return this.#plan
    const plan = lookup(table, record, mutation)
    if (isPlain) {
      this.#plan = plan
      this.#planTable = table
    }
    return plan
  }
}

/** @throws TypeError where the record cannot be written at all */
function isWanted(mutation: Mutation, record: DecodedRecord, settings: SqlSinkSettings): boolean {
  if (mutation.kind === 'truncate') return settings.truncates
  if (mutation.kind === 'write') {
    const { value, schema } = mutation
    if (settings.columns === undefined && !(schema ? schema.type === 'struct' : isPlainObject(value))) {
      throw new TypeError(`a value of type ${schema?.type ?? typeName(value)} is no row`)
    }
  } else if (settings.deletes) {
    // Without the row as it was, the key is all that is known of it.
    if (settings.key.from === 'value' && mutation.value === null) return false
  } else if (settings.tombstones === 'refuse' && isTombstone(record)) {
    throw new TypeError(
      settings.mode === 'insert' ? 'a tombstone cannot be inserted' : 'a tombstone, and nothing is to be deleted',
    )
  } else return false
  const needsKey = settings.key.from === 'key' && settings.mode !== 'insert'
  if (needsKey && (record.key === null || record.key === undefined)) {
    throw new TypeError('a record without key cannot be upserted')
  }
  return true
}

function isTombstone({ value }: DecodedRecord): boolean {
  return value === null || value === undefined
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value
}

/** A field for which the table has no column would be lost without anyone noticing. */
function knowsFields({ knownFields }: TablePlan, { kind, value }: Mutation): boolean {
  if (!knownFields || kind !== 'write') return true
  for (const field in value as object) if (!knownFields.has(field)) return false
  return true
}

/** What the source's log did not hold must not be written as if it were the value. @throws TypeError where nothing else can be */
function availablePlan(plan: TablePlan, value: unknown, place: RecordPlace): TablePlan {
  const missing = plan.columns.flatMap((column, i) =>
    isUnavailable(column.read(value, place.record.key, place)) ? [i] : [],
  )
  const columns = missing.map((i) => plan.columns[i]!)
  if (plan.without && columns.length > 0 && !columns.some(({ isKey }) => isKey)) return plan.without(missing)
  const names = columns.map(({ name }) => `"${name}"`).join(', ')
  throw new TypeError(
    `the change event does not hold ${names || 'the key'}; set REPLICA IDENTITY FULL on the source's table`,
  )
}

/** @throws TypeError naming what does not fit */
function rowOf(
  batch: RecordBatchView,
  plan: TablePlan,
  { kind, value }: Pick<Mutation, 'kind' | 'value'>,
  place: RecordPlace,
): Row {
  const { offset } = place
  const { key } = place.record
  const columns = kind === 'write' ? plan.columns : plan.keyColumns
  const values = new Array<unknown>(columns.length)
  let identity = ''
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!
    const field = column.read(value, key, place)
    if (isUnavailable(field)) return rowOf(batch, availablePlan(plan, value, place), { kind, value }, place)
    if (field === null && column.refusesNull) throw new TypeError(`the column "${column.name}" takes no null`)
    const encoded = field === null || field === undefined ? null : column.encode(field)
    values[i] = encoded
    if (!column.isKey) continue
    if (encoded === null) throw new TypeError(`the key column "${column.name}" would be null`)
    identity = plan.keyColumns.length === 1 ? identityOf(encoded) : `${identity}${identityOf(encoded)}\0`
  }
  return { offset, batch, plan, kind: kind === 'write' || kind === 'truncate' ? kind : 'delete', values, identity }
}

function identityOf(encoded: unknown): string {
  if (typeof encoded === 'string') return encoded
  return encoded instanceof Uint8Array ? Buffer.from(encoded).toString('latin1') : String(encoded)
}

/** The last row of each key, in order. */
export function lastPerKey(rows: readonly Row[]): readonly Row[] {
  const last = new Map<string, Row>()
  for (const row of rows) last.set(row.identity, row)
  return last.size === rows.length ? rows : [...last.values()]
}

/**
 * Whether keys that are different texts are different to the table, too: where letters of both cases or `1` and `01` are one
 * key, a deletion and a write of it must keep their order.
 */
export function areDifferentKeys(rows: readonly Row[]): boolean {
  const seen = new Set<string>()
  for (const { plan, values } of rows) {
    let text = ''
    // A write's key columns come first, as those of a delete.
    for (let i = 0; i < plan.keyColumns.length; i++) {
      const part = plan.keyColumns[i]!.canonical?.(values[i])
      if (part === undefined) return false
      text += `${part}\0`
    }
    if (seen.has(text)) return false
    seen.add(text)
  }
  return true
}

/** Consecutive rows that one writer takes at once: of one plan, and truncations alone. */
export function runsOfPlan(rows: readonly Row[]): readonly (readonly Row[])[] {
  const [first] = rows
  if (!first) return []
  if (first.kind !== 'truncate' && rows.every((row) => row.plan === first.plan && row.kind !== 'truncate'))
    return [rows]
  return runs(rows, (head, row) => row.plan !== head.plan || row.kind === 'truncate' || head.kind === 'truncate')
}

/** Consecutive rows, split where a key comes again or writes and deletes meet. */
export function runsOfDistinctKeys(rows: readonly Row[], mode: SqlSinkSettings['mode']): Row[][] {
  const seen = new Set<string>()
  return runs(rows, (head, row) => {
    if (seen.size === 0) seen.add(head.identity)
    const splits = head.kind !== row.kind || (mode !== 'insert' && seen.has(row.identity))
    if (splits) seen.clear()
    seen.add(row.identity)
    return splits
  })
}

function runs(rows: readonly Row[], splits: (head: Row, row: Row) => boolean): Row[][] {
  const found: Row[][] = []
  let run: Row[] = []
  for (const row of rows) {
    const head = run[0]
    if (head && splits(head, row)) {
      found.push(run)
      run = []
    }
    run.push(row)
  }
  if (run.length > 0) found.push(run)
  return found
}
