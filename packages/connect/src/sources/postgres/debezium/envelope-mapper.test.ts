import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Clock } from '@millrace/base'
import { jsonConverter } from '../../../converters/json-converter.ts'
import { simpleHeaderConverter } from '../../../converters/simple-header-converter.ts'
import type { SourceOutput } from '../../../runtime/connector.ts'
import { serializeRecord } from '../../../runtime/pipeline.ts'
import type { ChangeSource } from '../capture.ts'
import type { RowChange } from '../pgoutput.ts'
import type { Relation, RowView } from '../row.ts'
import type { PostgresType } from './column-codec.ts'
import { maskRule } from './column-rules.ts'
import type { EnvelopeMapper, TableFacts } from './envelope-mapper.ts'
import { type EnvelopeParts, envelopeMapper } from './envelope-parts.ts'

const unchanged = Symbol('unchanged')
type Field = string | null | typeof unchanged

function row(...fields: Field[]): RowView {
  const text = (column: number): string => (typeof fields[column] === 'string' ? (fields[column] as string) : '')
  return {
    isNull: (column) => fields[column] === null || fields[column] === undefined,
    isUnchanged: (column) => fields[column] === unchanged,
    text,
    bytes: (column) => Buffer.from(text(column)),
  }
}

const type = (name: string, more: Partial<PostgresType> = {}): PostgresType => ({
  oid: 1,
  schema: 'pg_catalog',
  name,
  ...more,
})
const columns: readonly {
  name: string
  type: PostgresType
  modifier?: number
  isOptional?: boolean
  defaultText?: string
}[] = [
  { name: 'id', type: type('int8'), isOptional: false },
  { name: 'name', type: type('text'), isOptional: false, defaultText: "'nobody'::text" },
  { name: 'price', type: type('numeric'), modifier: ((10 << 16) | 2) + 4 },
  { name: 'at', type: type('timestamptz') },
  { name: 'tags', type: type('_text', { element: type('text') }) },
  { name: 'ratio', type: type('float8') },
  { name: 'more', type: type('hstore', { schema: 'public' }) },
  { name: 'place', type: type('point') },
  { name: 'raw', type: type('bytea') },
  { name: 'secret', type: type('varchar') },
]

const relation: Relation = {
  oid: 7,
  schema: 'public',
  name: 'item',
  replicaIdentity: 'd',
  columns: columns.map((column, i) => ({
    name: column.name,
    typeOid: 100 + i,
    isKey: i === 0,
    modifier: column.modifier ?? -1,
  })),
}

const facts: TableFacts = {
  typeOf: (oid) => columns[oid - 100]!.type,
  description: {
    schema: 'public',
    name: 'item',
    key: ['id'],
    columns: columns.map(({ name, type, modifier = -1, isOptional = true, defaultText }) => ({
      name,
      type,
      modifier,
      isOptional,
      defaultText,
    })),
  },
}

const clock = { now: () => 1_700_000_000_000 } as Clock
const source: ChangeSource = {
  commitLsn: 0n,
  commitTimeMs: 1_600_000_000_000,
  commitTimeMicros: 1_600_000_000_000_123,
  xid: 9,
  index: 0,
  lsn: '16/B374D848',
  lastCommitLsn: 5n,
}

type Written = [topic: string, key: string | null, value: string | null, headers: Record<string, string>]

/** What comes out of the mapper: its bytes, or its data through Kafka Connect's converters. */
class Harness implements SourceOutput {
  readonly written: Written[] = []
  readonly isFull = false
  readonly records = 0
  readonly mapper: EnvelopeMapper
  readonly #schemas: boolean

  constructor(form: 'bytes' | 'data', parts: Partial<EnvelopeParts> & { schemas?: boolean } = {}) {
    const { schemas = false, ...rest } = parts
    this.#schemas = schemas
    this.mapper = envelopeMapper({
      name: 'shop',
      database: 'db',
      modes: {
        decimals: 'precise',
        times: 'adaptive',
        binary: 'bytes',
        hstore: 'json',
        intervals: 'numeric',
        moneyFractionDigits: 2,
        includeUnknown: false,
        placeholder: Buffer.from('gone'),
      },
      topics: { rows: () => 'items', transactions: 'transactions', messages: 'messages' },
      includesTable: (table) => table === 'public.item',
      includesColumn: () => true,
      rules: [maskRule('public.item.secret', 3)],
      keyOf: () => undefined,
      schemaNames: 'none',
      fieldNames: 'none',
      skipped: new Set(['t']),
      skipUnchanged: false,
      tombstones: true,
      hasTransactions: false,
      hasContextHeaders: false,
      includesMessage: () => true,
      onBadValue: 'warn',
      json: form === 'bytes' ? { keySchemas: schemas, valueSchemas: schemas } : undefined,
      tell: () => {},
      catalog: { read: async () => facts, close: async () => {} },
      clock,
      ...rest,
    })
  }

  append(
    topic: string,
    _: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly { key: string; value: Uint8Array | null }[],
  ): void {
    const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())
    const list = headers.map((header) => [header.key, text(header.value) ?? ''] as const)
    this.written.push([topic, text(key), text(value), Object.fromEntries(list)])
  }

  record(record: Parameters<SourceOutput['record']>[0]): void {
    const config = { 'schemas.enable': String(this.#schemas) }
    const serialized = serializeRecord(
      {
        keyConverter: jsonConverter.create(config, { isKey: true }),
        valueConverter: jsonConverter.create(config, { isKey: false }),
        headerConverter: simpleHeaderConverter.create({}),
        transforms: [],
      },
      record,
    )!
    this.append(serialized.topic, 0, serialized.key, serialized.value, serialized.headers)
  }

  change(change: Partial<RowChange>, from = source): void {
    const whole = {
      operation: 'insert',
      relation,
      row: undefined,
      old: undefined,
      oldIsKey: false,
      ...change,
    } as RowChange
    this.mapper.change(whole, from, this)
  }
}

async function harness(...of: ConstructorParameters<typeof Harness>): Promise<Harness> {
  const made = new Harness(...of)
  await made.mapper.describe(relation, { xid: 9 })
  return made
}

const full: Field[] = [
  '9007199254740993',
  'a "b" \u0001\u001f',
  '-12.50',
  '2024-02-29 12:34:56.5+00',
  '{a,NULL,"b c"}',
  '1e+21',
  '"k"=>"v", "n"=>NULL',
  '(1.5,-2)',
  '\\xdead',
  'hidden',
]

function everything(made: Harness): Written[] {
  made.mapper.begin({ xid: 9, commitTimeMs: source.commitTimeMs, lsn: '0/10' })
  made.mapper.snapshotRow(relation, row(...full), { ...source, xid: 0, snapshot: 'first' }, made)
  made.change({ row: row(...full) })
  made.change({ row: row('1', 'x') }, { ...source, origin: { name: 'other', lsn: 77 } })
  made.change({ operation: 'update', row: row('1', 'x', null, null, unchanged, null, unchanged, null, unchanged) })
  made.change({ operation: 'update', row: row(...full), old: row('5') })
  made.change({ operation: 'delete', old: row('5') })
  const message = { isTransactional: true, lsn: 8n, prefix: 'p', content: Buffer.from('hello') }
  made.mapper.message(message, source, made)
  made.mapper.commit('0/20', made)
  return made.written
}

describe("Debezium's events", () => {
  for (const schemas of [true, false]) {
    test(`bytes are what the converter makes of the data, ${schemas ? 'with' : 'without'} schemas`, async () => {
      for (const hasTransactions of [true, false]) {
        const options = { schemas, hasTransactions, hasContextHeaders: false }
        const bytes = everything(await harness('bytes', options))
        assert.deepEqual(bytes, everything(await harness('data', options)))
        assert.equal(bytes.length, hasTransactions ? 12 : 10)
      }
    })
  }

  test('a changed key is a delete and a create that name each other', async () => {
    const made = await harness('bytes')
    made.change({ operation: 'update', row: row('2', 'a'), old: row('1') })
    const [deleted, tombstone, created] = made.written
    assert.deepEqual([deleted?.[1], deleted?.[3]], ['{"id":1}', { '__debezium.newkey': '{"id":2}' }])
    assert.deepEqual(tombstone, ['items', '{"id":1}', null, { '__debezium.newkey': '{"id":2}' }])
    assert.deepEqual([created?.[1], created?.[3]], ['{"id":2}', { '__debezium.oldkey': '{"id":1}' }])
    assert.equal(JSON.parse(deleted![2]!).before.name, 'nobody', 'a column that was not logged has its default')
    assert.equal(JSON.parse(created![2]!).op, 'c')
  })

  test('a masked column is hidden in snapshots, events and old rows, also where it is null', async () => {
    const made = await harness('bytes')
    everything(made)
    assert.ok(made.written.length > 0)
    for (const [, , value] of made.written) assert.ok(!value?.includes('hidden'))
    assert.match(made.written[2]![2]!, /"secret":"\*\*\*"/)
  })

  test('a large value that was not logged comes from the old row, or a placeholder says so', async () => {
    const made = await harness('bytes')
    const update = row('1', unchanged, null, null, unchanged, null, null, null, unchanged)
    made.change({ operation: 'update', row: update })
    made.change({
      operation: 'update',
      row: update,
      old: row('1', 'long', null, null, '{x}', null, null, null, '\\x01'),
    })
    const after = made.written.map(([, , value]) => JSON.parse(value!).after)
    assert.deepEqual(
      [after[0].name, after[0].tags, after[0].raw],
      ['gone', ['gone'], Buffer.from('gone').toString('base64')],
    )
    assert.deepEqual([after[1].name, after[1].tags, after[1].raw], ['long', ['x'], 'AQ=='])
  })

  test('a key whose large value is nowhere in the log is refused', async () => {
    const made = await harness('bytes', { keyOf: () => ['name'] })
    const update = { operation: 'update', row: row('1', unchanged) } as const
    assert.throws(() => made.change(update), { code: 'POSTGRES_REPLICA_IDENTITY' })
  })

  test('a value that its schema cannot express is null, or ends the source', async () => {
    const bad = row('1', 'x', 'NaN')
    const lenient = await harness('bytes')
    lenient.change({ row: bad })
    assert.equal(JSON.parse(lenient.written[0]![2]!).after.price, null)
    const strict = await harness('bytes', { onBadValue: 'fail' })
    assert.throws(() => strict.change({ row: bad }), { code: 'POSTGRES_VALUE_INVALID' })
  })

  test('updates that change nothing that is captured are left out where that is asked for', async () => {
    const made = await harness('bytes', { skipUnchanged: true, includesColumn: (name) => !name.endsWith('.ratio') })
    made.change({
      operation: 'update',
      row: row('1', 'a', null, null, null, '2'),
      old: row('1', 'a', null, null, null, '1'),
    })
    made.change({ operation: 'update', row: row('1', 'b'), old: row('1', 'a') })
    assert.equal(made.written.length, 1)
  })

  test('the end of a transaction that was begun before a restart counts the events of both sides', async () => {
    const made = await harness('bytes', { hasTransactions: true })
    made.mapper.begin({ xid: 9, commitTimeMs: 1, lsn: '0/10' })
    made.change({ row: row('1', 'a') }, { ...source, isPublished: true })
    made.change({ row: row('2', 'a') })
    made.mapper.commit('0/20', made)
    const values = made.written.map(([topic, , value]) => [topic, JSON.parse(value!)])
    assert.deepEqual(
      values.map(([topic, value]) => [topic, value.op ?? value.status]),
      [
        ['items', 'c'],
        ['transactions', 'END'],
      ],
      'the begin is in the topic already',
    )
    assert.equal(values[0]![1].transaction.total_order, 2)
    assert.deepEqual(values[1]![1].data_collections, [{ data_collection: 'public.item', event_count: 2 }])
  })

  test('a row that vanished unseen is deleted with what it last was, to the last digit', async () => {
    const made = await harness('bytes', { schemas: true })
    made.change({ row: row(...full) })
    const [topic, key, value] = made.written.pop()!
    const last = { topic, key: Buffer.from(key!), value: Buffer.from(value!) }
    made.mapper.vanished(last, source, made)
    const [event, tombstone] = made.written
    const { schema, payload } = JSON.parse(event![2]!)
    assert.deepEqual(schema, JSON.parse(value!).schema)
    assert.deepEqual(
      [payload.op, payload.after, payload.before.name],
      ['d', null, JSON.parse(value!).payload.after.name],
    )
    assert.match(event![2]!, /"before":\{"id":9007199254740993,/)
    assert.deepEqual(tombstone?.slice(0, 3), [topic, key, null])
  })

  test('a transaction without captured events begins and ends', async () => {
    const made = await harness('bytes', { hasTransactions: true })
    made.mapper.begin({ xid: 9, commitTimeMs: 1, lsn: '0/10' })
    made.mapper.commit('0/20', made)
    const values = made.written.map(([, key, value]) => [key, JSON.parse(value!).status])
    assert.deepEqual(values, [
      ['{"id":"9:16"}', 'BEGIN'],
      ['{"id":"9:32"}', 'END'],
    ])
  })
})
