import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RowChange } from './pgoutput.ts'
import type { Relation, RowView } from './row.ts'
import { TableMapper, type TableMapperOptions, unavailableValue } from './table-mapper.ts'

const unchanged = Symbol('unchanged')
type Field = string | null | typeof unchanged

const relation: Relation = {
  oid: 1,
  schema: 'public',
  name: 'account',
  replicaIdentity: 'd',
  columns: [
    { name: 'id', typeOid: 20, isKey: true },
    { name: 'name', typeOid: 25, isKey: false },
    { name: 'note', typeOid: 25, isKey: false },
  ],
}

function row(...fields: Field[]): RowView {
  const text = (column: number): string => (typeof fields[column] === 'string' ? (fields[column] as string) : '')
  return {
    isNull: (column) => fields[column] === null,
    isUnchanged: (column) => fields[column] === unchanged,
    text,
    bytes: (column) => Buffer.from(text(column)),
  }
}

const source = { commitLsn: 0x16_b374_d848n, commitTimeMs: 1_700_000_000_000, xid: 9, index: 0 }

function map(changes: readonly Partial<RowChange>[], options: Partial<TableMapperOptions> = {}): unknown[] {
  const records: unknown[] = []
  const output = {
    isFull: false,
    records: 0,
    record: () => assert.fail('whole tables are written as bytes'),
    append: (topic: string, _time: number, key: Uint8Array | null, value: Uint8Array | null) => {
      records.push([topic, key && Buffer.from(key).toString(), value && JSON.parse(Buffer.from(value).toString())])
    },
  }
  const mapper = new TableMapper({
    routes: new Map([['public.account', { topic: 'accounts', key: ['id'] }]]),
    int8: 'string',
    truncate: 'fail',
    ...options,
  })
  for (const change of changes) {
    const whole = {
      operation: 'insert',
      relation,
      row: undefined,
      old: undefined,
      oldIsKey: false,
      ...change,
    } as RowChange
    mapper.change(whole, source, output)
  }
  return records
}

test('rows become JSON under their key, deletes tombstones', () => {
  assert.deepEqual(
    map([
      { row: row('9007199254740993', 'a "b"', null) },
      { operation: 'delete', old: row('9007199254740993', null, null), oldIsKey: true },
    ]),
    [
      ['accounts', '9007199254740993', { id: '9007199254740993', name: 'a "b"', note: null }],
      ['accounts', '9007199254740993', null],
    ],
  )
})

test('a changed key is a tombstone for the old one and a row for the new one', () => {
  assert.deepEqual(map([{ operation: 'update', row: row('2', 'a', 'n'), old: row('1', null, null), oldIsKey: true }]), [
    ['accounts', '1', null],
    ['accounts', '2', { id: '2', name: 'a', note: 'n' }],
  ])
})

test('a large value that was not logged comes from the old row, or is marked', () => {
  const update = { operation: 'update', row: row('1', 'a', unchanged) } as const
  assert.deepEqual(map([update]), [['accounts', '1', { id: '1', name: 'a', note: unavailableValue }]])
  assert.deepEqual(map([{ ...update, old: row('1', 'b', 'long') }]), [
    ['accounts', '1', { id: '1', name: 'a', note: 'long' }],
  ])
})

test('several key columns are one JSON object, none is no key', () => {
  const routes = (key: string[]) => ({ routes: new Map([['public.account', { topic: 'accounts', key }]]) })
  const insert = [{ row: row('1', 'a', null) }]
  assert.deepEqual(map(insert, routes(['name', 'id'])), [
    ['accounts', '{"name":"a","id":"1"}', { id: '1', name: 'a', note: null }],
  ])
  assert.deepEqual(map(insert, routes([])), [['accounts', null, { id: '1', name: 'a', note: null }]])
  assert.deepEqual(map(insert, { routes: new Map() }), [], 'a table that was not asked for')
})

test('a key that was too large to log again is taken from the old row, never left empty', () => {
  const routes = new Map([['public.account', { topic: 'accounts', key: ['note'] }]])
  const whole = { ...relation, replicaIdentity: 'f', columns: relation.columns.map((one) => ({ ...one, isKey: true })) }
  const update = { operation: 'update', relation: whole, row: row('1', 'b', unchanged) } as const
  assert.deepEqual(
    map([{ ...update, old: row('1', 'a', 'long') }], { routes }).map((record) => (record as unknown[])[1]),
    ['long'],
  )
  for (const old of [undefined, row('1', null, null)]) {
    assert.throws(() => map([{ ...update, old, oldIsKey: true }], { routes }), { code: 'POSTGRES_REPLICA_IDENTITY' })
  }
})
