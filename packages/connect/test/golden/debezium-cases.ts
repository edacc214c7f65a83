import type { DataForm, GoldenCase, GoldenGroup, RecordForm } from './golden-case.ts'

const transforms = 'io.debezium.transforms'

type Fields = readonly { readonly field: string; readonly type: string }[]

const columns: Fields = [
  { field: 'id', type: 'int64', optional: false },
  { field: 'name', type: 'string', optional: true },
  { field: 'kind', type: 'string', optional: true, default: 'plain' },
  { field: 'count', type: 'int32', optional: false },
  { field: 'price', type: 'double', optional: true },
  { field: 'paid', type: 'boolean', optional: true },
].map((field) => field as Fields[number])

const source = {
  type: 'struct',
  field: 'source',
  optional: false,
  name: 'io.debezium.connector.postgresql.Source',
  version: 1,
  fields: [
    { field: 'version', type: 'string', optional: false },
    { field: 'connector', type: 'string', optional: false },
    { field: 'ts_ms', type: 'int64', optional: false },
    { field: 'db', type: 'string', optional: false },
    { field: 'table', type: 'string', optional: false },
    { field: 'lsn', type: 'int64', optional: true },
    { field: 'ts_us', type: 'int64', optional: true },
    { field: 'ts_ns', type: 'int64', optional: true },
  ],
}
const transaction = {
  type: 'struct',
  field: 'transaction',
  optional: true,
  name: 'event.block',
  version: 1,
  fields: [
    { field: 'id', type: 'string', optional: false },
    { field: 'total_order', type: 'int64', optional: false },
    { field: 'data_collection_order', type: 'int64', optional: false },
  ],
}

function envelope(row: Fields): object {
  const part = (field: string) => ({
    type: 'struct',
    field,
    optional: true,
    name: 'shop.public.orders.Value',
    fields: row,
  })
  return {
    type: 'struct',
    optional: false,
    name: 'shop.public.orders.Envelope',
    version: 2,
    fields: [
      part('before'),
      part('after'),
      source,
      transaction,
      { field: 'op', type: 'string', optional: false },
      { field: 'ts_ms', type: 'int64', optional: true },
      { field: 'ts_us', type: 'int64', optional: true },
    ],
  }
}

const sourcePayload = {
  version: '3.6.0',
  connector: 'postgresql',
  ts_ms: 1577836800123,
  db: 'shop',
  table: 'orders',
  lsn: 24023128,
  ts_us: 1577836800123456,
  ts_ns: null,
}
const key: DataForm = {
  schema: {
    type: 'struct',
    optional: false,
    name: 'shop.public.orders.Key',
    fields: [{ field: 'id', type: 'int64', optional: false }],
  },
  payload: { id: 5 },
}

function event(op: string, before: object | null, after: object | null, row = columns): DataForm {
  const order = { id: '571', total_order: 1, data_collection_order: 1 }
  const payload = { before, after, source: sourcePayload, transaction: order, op, ts_ms: 1577836800500, ts_us: null }
  return { schema: envelope(row), payload }
}

const oldRow = { id: 5, name: 'Eve', kind: null, count: 1, price: 1.5, paid: null }
const newRow = { id: 5, name: 'Eva', kind: 'x', count: -2, price: null, paid: true }
const events: Readonly<Record<string, DataForm>> = {
  create: event('c', null, newRow),
  update: event('u', oldRow, newRow),
  delete: event('d', oldRow, null),
  truncate: event('t', null, null),
  tombstone: null,
  other: {
    schema: { type: 'struct', name: 'Heartbeat', fields: [{ field: 'ts_ms', type: 'int64' }] },
    payload: { ts_ms: 1 },
  },
  text: { schema: { type: 'string', optional: false }, payload: 'text' },
}

const header = (name: string, payload: unknown) => {
  return { key: name, data: { schema: { type: 'string', optional: false }, payload } }
}

function one(
  name: string,
  className: string,
  config: Readonly<Record<string, string>>,
  record: RecordForm,
): GoldenCase {
  return {
    name,
    does: 'transform',
    class: `${transforms}.${className}`,
    config,
    record: { topic: 'shop.public.orders', partition: 2, timestampMs: 1577836800500, key, ...record },
  }
}

/** Of every kind of event. */
function all(
  name: string,
  className: string,
  config: Readonly<Record<string, string>>,
  more: RecordForm = {},
): GoldenCase[] {
  return Object.entries(events).map(([kind, value]) => one(`${name}, ${kind}`, className, config, { ...more, value }))
}

const modes = ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone']
const list = { type: 'array', items: { type: 'string', optional: false }, optional: false }
const unchanged = { key: 'unchanged', data: { schema: list, payload: ['name', 'id'] } }

const stateCases: readonly GoldenCase[] = [
  ...all('default', 'ExtractNewRecordState', {}),
  ...modes.flatMap((mode) => all(mode, 'ExtractNewRecordState', { 'delete.tombstone.handling.mode': mode })),
  ...['tombstone', 'rewrite', 'rewrite-with-tombstone'].flatMap((mode) =>
    all(`fields and headers, ${mode}`, 'ExtractNewRecordState', {
      'delete.tombstone.handling.mode': mode,
      'add.fields': 'op,table,lsn:LSN,source.ts_ms,transaction.id,total_order,none',
      'add.headers': 'op,db,ts_ms:EVENT_TIME,transaction.data_collection_order',
    }),
  ),
  ...all('prefixes', 'ExtractNewRecordState', {
    'add.fields': 'op,source.db',
    'add.fields.prefix': 'f_',
    'add.headers': 'op',
    'add.headers.prefix': '',
  }),
  ...all('null stays null', 'ExtractNewRecordState', {
    'delete.tombstone.handling.mode': 'rewrite',
    'replace.null.with.default': 'false',
  }),
  ...all('routed', 'ExtractNewRecordState', { 'route.by.field': 'name' }),
  ...all('routed by a number', 'ExtractNewRecordState', { 'route.by.field': 'id' }),
  ...all('dropped', 'ExtractNewRecordState', { 'drop.fields.header.name': 'unchanged' }, { headers: [unchanged] }),
  ...all(
    'dropped, whatever the schema',
    'ExtractNewRecordState',
    {
      'drop.fields.header.name': 'unchanged',
      'drop.fields.from.key': 'true',
      'drop.fields.keep.schema.compatible': 'false',
      'delete.tombstone.handling.mode': 'rewrite',
    },
    { headers: [unchanged] },
  ),
  one('refused, an unknown mode', 'ExtractNewRecordState', { 'delete.tombstone.handling.mode': 'x' }, {}),
]

const routing = { 'topic.regex': '(.*)\\.public\\.(.*)', 'topic.replacement': '$1.$2' }
const unrouted = {
  topic: 'shop.public.orders',
  partition: 2,
  timestampMs: 1577836800500,
  key,
  value: events.delete,
  headers: [],
}

const routerCases: readonly GoldenCase[] = [
  ...['ByLogicalTableRouter'].flatMap((name) => [
    ...all(name, name, routing),
    ...all(`${name} with an identifier`, name, {
      ...routing,
      'key.field.name': 'table',
      'key.field.regex': '.*\\.(.*)',
      'key.field.replacement': 'table-$1',
    }),
    ...all(`${name} with the keys as they are`, name, { ...routing, 'key.enforce.uniqueness': 'false' }),
    ...all(`${name} elsewhere`, name, { 'topic.regex': 'other', 'topic.replacement': 'x' }),
    ...all(`${name} to nothing`, name, { 'topic.regex': '.*', 'topic.replacement': '' }),
    ...all(`${name} without key`, name, routing, { key: null }),
    ...all(`${name} with a key that is text`, name, routing, { key: events.text! }),
    ...all(`${name} for Avro`, name, {
      'topic.regex': '.*',
      'topic.replacement': '1-shop.orders-$0',
      'schema.name.adjustment.mode': 'avro',
    }),
  ]),
  ...[
    'after.name',
    'change.name',
    'change.count,source.table',
    'change.id, change.price, change.paid',
    'change.kind',
    'op',
    'none',
    'after.none',
    'none.name',
    'source.lsn,ts_ms',
  ].flatMap((fields) =>
    all(`by ${fields}`, 'partitions.PartitionRouting', {
      'partition.payload.fields': fields,
      'partition.topic.num': '1000003',
    }).map((each): GoldenCase => {
      const isNull = fields.startsWith('after.') && each.name.endsWith(', delete')
      return isNull ? { ...each, differs: { why: "Debezium's fails where there is no row", ours: unrouted } } : each
    }),
  ),
  ...['', 'a', 'é', 'sixteen bytes 16', 'thirty-two bytes are two blocks!', 'one more, and not ASCII: äöü€😀'].flatMap(
    (name) =>
      ['java', 'murmur'].map((hash) => {
        const config = {
          'partition.payload.fields': 'after.name,after.id,after.count,after.price,after.paid',
          'partition.topic.num': '1000003',
          'partition.hash.function': hash,
        }
        const value = event('u', null, { ...newRow, name, price: -1.25 })
        return one(`${name} by ${hash}`, 'partitions.PartitionRouting', config, { value })
      }),
  ),
  one(
    'refused, no partitions',
    'partitions.PartitionRouting',
    {
      'partition.payload.fields': 'op',
      'partition.topic.num': '0',
    },
    { value: events.update! },
  ),
]

const sample = {
  type: 'struct',
  optional: true,
  name: 'Sample',
  fields: [
    { field: 'a', type: 'int32', optional: false },
    { field: 'inner', type: 'struct', optional: true, fields: [{ field: 'b', type: 'string', optional: true }] },
  ],
}
const full: DataForm = { schema: sample, payload: { a: 1, inner: { b: 'x' } } }
const hollow: DataForm = { schema: sample, payload: { a: 1, inner: null } }
const two = [header('h1', 'one'), header('other', 'o'), header('h2', 'two')]

const valueCases: readonly GoldenCase[] = [
  ...['move', 'copy'].flatMap((operation) => [
    one(
      `${operation} two`,
      'HeaderToValue',
      { headers: 'h1,h2', fields: 'f1,f2', operation },
      { headers: two, value: full },
    ),
    one(
      `${operation} inside`,
      'HeaderToValue',
      { headers: 'h1', fields: 'inner.c', operation },
      { headers: two, value: full },
    ),
    one(
      `${operation} into a new struct`,
      'HeaderToValue',
      { headers: 'h1,h2', fields: 'new.c,new.d', operation },
      {
        headers: two,
        value: full,
      },
    ),
    one(
      `${operation} over a field`,
      'HeaderToValue',
      { headers: 'h1', fields: 'inner.b', operation },
      {
        headers: two,
        value: full,
      },
    ),
    one(`${operation} none`, 'HeaderToValue', { headers: 'x', fields: 'y', operation }, { headers: two, value: full }),
    one(`${operation} to a tombstone`, 'HeaderToValue', { headers: 'h1', fields: 'y', operation }, { headers: two }),
    one(
      `${operation} beside null`,
      'HeaderToValue',
      { headers: 'h1', fields: 'y', operation },
      {
        headers: two,
        value: hollow,
      },
    ),
    one(
      `${operation} into a number`,
      'HeaderToValue',
      { headers: 'h1', fields: 'a.y', operation },
      {
        headers: two,
        value: full,
      },
    ),
    one(
      `${operation} into text`,
      'HeaderToValue',
      { headers: 'h1', fields: 'y', operation },
      {
        headers: two,
        value: events.text!,
      },
    ),
  ]),
  one('refused, more headers than fields', 'HeaderToValue', { headers: 'a,b', fields: 'x', operation: 'copy' }, {}),
]

const texts: Fields = ['id', 'short', 'long', 'longer'].map((field) => ({ field, type: 'string', optional: true }))
const long = { id: '1', short: 'abc', long: 'é'.repeat(300), longer: 'x'.repeat(1000) }

const sizeCases: readonly GoldenCase[] = ['10', '500', '900', '1500', '3000', '100000'].flatMap((max) =>
  ['0', '200', '500', '5000'].flatMap((min) => {
    const config = { 'max.bytes': max, 'min.field.size': min, 'compression.ratio': max === '900' ? '0.5' : '1.0' }
    return [
      one(`at most ${max}, fields over ${min}`, 'EnforceRecordSize', config, { value: event('u', long, long, texts) }),
      one(`at most ${max}, fields over ${min}, created`, 'EnforceRecordSize', config, {
        value: event('c', null, { ...long, short: null }, texts),
        headers: two,
      }),
    ]
  }),
)

const zoned = (field: string, type: string, name: string) => ({ field, type, optional: true, name, version: 1 })
const times: Fields = [
  zoned('zoned', 'string', 'io.debezium.time.ZonedTimestamp'),
  zoned('micro', 'int64', 'io.debezium.time.MicroTimestamp'),
  zoned('nano', 'int64', 'io.debezium.time.NanoTimestamp'),
  zoned('milli', 'int64', 'io.debezium.time.Timestamp'),
  zoned('kafka', 'int64', 'org.apache.kafka.connect.data.Timestamp'),
  zoned('date', 'int32', 'io.debezium.time.Date'),
  zoned('clock', 'int64', 'io.debezium.time.MicroTime'),
  { field: 'plain', type: 'string' },
]
/** In winter, in summer, in the hour that Europe has not, and in the one that it has twice. */
const instants = [
  '2020-01-15T12:00:00.123456Z',
  '2020-07-01T23:59:59.5Z',
  '2020-03-29T02:30:00Z',
  '2020-10-25T02:30:00Z',
]

const zoneCases: readonly GoldenCase[] = [
  ...instants.flatMap((zonedText) =>
    ['Europe/Berlin', 'America/Los_Angeles', 'Asia/Kolkata', '+08:00', '-03:30', 'UTC'].map((zone) =>
      one(
        `${zonedText} in ${zone}`,
        'TimezoneConverter',
        { 'converted.timezone': zone },
        { value: timesAt(zonedText) },
      ),
    ),
  ),
  ...[
    'source:orders',
    'source:others',
    'source:orders:micro',
    'source:orders:after.micro',
    'source:orders:source.ts_ms',
    'topic:shop.public.orders:zoned',
    'orders:kafka, shop.public.orders:milli',
    'source:orders:source.ts_us,source:orders:zoned',
  ].flatMap((rules) =>
    ['include.list', 'exclude.list'].map((name) => {
      const config = { 'converted.timezone': 'Europe/Berlin', [name]: rules }
      return one(`${name} ${rules}`, 'TimezoneConverter', config, { value: timesAt(instants[0]!) })
    }),
  ),
  ...all('times without times', 'TimezoneConverter', { 'converted.timezone': '+01:00' }),
  one('refused, an unknown zone', 'TimezoneConverter', { 'converted.timezone': 'Mars' }, {}),
  one(
    'refused, both lists',
    'TimezoneConverter',
    {
      'converted.timezone': 'UTC',
      'include.list': 'source:a',
      'exclude.list': 'source:b',
    },
    {},
  ),
  one('refused, a rule that is none', 'TimezoneConverter', { 'converted.timezone': 'UTC', 'include.list': 'a' }, {}),
]

function timesAt(text: string): DataForm {
  const millis = Date.parse(text)
  const row = {
    zoned: text,
    micro: millis * 1000 + 7,
    nano: `NANO${millis}`,
    milli: millis,
    kafka: millis,
    date: 18276,
    clock: 5,
    plain: text,
  }
  const { schema, payload } = event('u', { ...row, kafka: null }, row, times) as { schema: unknown; payload: unknown }
  // Nanoseconds are more than a double holds.
  return JSON.stringify({ schema, payload }).replaceAll(/"NANO(\d+)"/g, '$1000009')
}

export const debeziumGroups: readonly GoldenGroup[] = [
  { name: 'new-record-state', cases: stateCases },
  { name: 'debezium-routers', cases: routerCases },
  { name: 'debezium-values', cases: [...valueCases, ...sizeCases] },
  { name: 'time-zones', cases: zoneCases },
]
