import type { DataForm, GoldenCase, GoldenGroup } from './golden-case.ts'
import { comparable } from './outcome.ts'

const className = 'io.debezium.transforms.outbox.EventRouter'

const text = (field: string) => ({ field, type: 'string', optional: true })
const columns = [
  { field: 'id', type: 'string', optional: false, name: 'io.debezium.data.Uuid', version: 1 },
  { field: 'aggregatetype', type: 'string', optional: false },
  { field: 'aggregateid', type: 'string', optional: false },
  { field: 'type', type: 'string', optional: false },
  { field: 'payload', type: 'string', optional: true, name: 'io.debezium.data.Json', version: 1 },
  text('tenant'),
  { field: 'shard', type: 'int32', optional: true },
  { field: 'bigshard', type: 'int64', optional: true },
  { field: 'version', type: 'int32', optional: true },
  { field: 'ms', type: 'int64', optional: true, name: 'io.debezium.time.Timestamp', version: 1 },
  { field: 'micros', type: 'int64', optional: true, name: 'io.debezium.time.MicroTimestamp', version: 1 },
  { field: 'nanos', type: 'int64', optional: true, name: 'io.debezium.time.NanoTimestamp', version: 1 },
  { field: 'plainms', type: 'int64', optional: true },
  { field: 'zoned', type: 'string', optional: true, name: 'io.debezium.time.ZonedTimestamp', version: 1 },
  { field: 'raw', type: 'bytes', optional: true },
  { field: 'other', type: 'string', optional: true, default: 'as default' },
]
const row = {
  id: '7f1c2b1e-0000-7000-8000-000000000001',
  aggregatetype: 'order',
  aggregateid: 'o1',
  type: 'OrderPlaced',
  payload: '{"amount": 1.5}',
  tenant: 'é',
  shard: 3,
  bigshard: 3,
  version: 4,
  ms: 1700000000123,
  micros: 1700000000123456,
  nanos: 1700000000123456789n,
  plainms: 1700000000123,
  zoned: '2023-11-14T22:13:20Z',
  raw: 'AP8=',
  other: null,
}
const source = {
  type: 'struct',
  optional: false,
  name: 'io.debezium.connector.postgresql.Source',
  field: 'source',
  fields: [{ field: 'connector', type: 'string', optional: false }],
}

interface Change {
  readonly op?: string
  readonly after?: object | null
  readonly schemaName?: string
  readonly rowName?: string | undefined
}

/** A change as Debezium's PostgreSQL connector has it, without what the router never looks at. */
function change({
  op = 'c',
  after = {},
  schemaName = 's.public.outbox.Envelope',
  rowName = 's.public.outbox.Value',
}: Change): string {
  const struct = { type: 'struct', optional: true, ...(rowName && { name: rowName }), fields: columns }
  const schema = {
    type: 'struct',
    optional: false,
    name: schemaName,
    fields: [
      { ...struct, field: 'before' },
      { ...struct, field: 'after' },
      source,
      { field: 'op', type: 'string', optional: false },
      { field: 'ts_ms', type: 'int64', optional: true },
    ],
  }
  const payload = {
    before: null,
    after: after && { ...row, ...after },
    source: { connector: 'postgresql' },
    op,
    ts_ms: 1700000001000,
  }
  // Beyond what a double holds, digits have to stay.
  const big: string[] = []
  const json = JSON.stringify({ schema, payload }, (_, value: unknown) =>
    typeof value === 'bigint' ? `<${big.push(String(value)) - 1}>` : value,
  )
  return json.replace(/"<(\d+)>"/g, (_, index: string) => big[Number(index)]!)
}

type Config = Readonly<Record<string, string>>

function route(
  name: string,
  config: Config = {},
  given: Change | DataForm = {},
  more: Partial<GoldenCase> = {},
): GoldenCase {
  const isChange = given !== null && typeof given === 'object' && !('schema' in given)
  const value = isChange ? change(given) : given
  const header = { key: 'own', data: { schema: { type: 'string', optional: false }, payload: 'h' } }
  const key: DataForm = { schema: { type: 'string', optional: false }, payload: 'table key' }
  const record = { topic: 's.public.outbox', partition: 5, timestampMs: 1, key, value, headers: [header] }
  return { name, does: 'transform', class: className, config, record, ...more }
}

const placed = (fields: string, more: Config = {}): Config => ({ 'table.fields.additional.placement': fields, ...more })
const expand = (payload: string, more: Config = {}, given: Partial<GoldenCase> = {}): GoldenCase =>
  route(
    `expands ${payload}${Object.values(more).map((value) => `, ${value}`)}`,
    { 'table.expand.json.payload': 'true', ...more },
    { after: { payload } },
    given,
  )

/** Debezium 3.6 gives such a text a schema that the value then does not fit, and its task fails. */
function asText(payload: string): Partial<GoldenCase> {
  const data = (schema: object, value: string): string => JSON.stringify({ schema, payload: value })
  const string = { type: 'string', optional: false }
  const ours = comparable({
    topic: 'outbox.event.order',
    partition: null,
    timestampMs: 1700000001000,
    key: data(string, 'o1'),
    value: data({ type: 'string', optional: true, name: 'io.debezium.data.Json', version: 1 }, payload),
    headers: [
      { key: 'own', data: data(string, 'h') },
      { key: 'id', data: data({ ...string, name: 'io.debezium.data.Uuid', version: 1 }, row.id) },
    ],
  })
  return { differs: { why: 'a text that cannot be expanded stays a text, as it does elsewhere', ours } }
}

const cases: readonly GoldenCase[] = [
  route('an insert'),
  route('a row of a snapshot', {}, { op: 'r' }),
  route('a delete', {}, { op: 'd', after: null }),
  route('a tombstone', {}, null),
  route(
    'a heartbeat',
    {},
    {
      schema: {
        type: 'struct',
        name: 'io.debezium.connector.common.Heartbeat',
        fields: [{ field: 'ts_ms', type: 'int64', optional: false }],
      },
      payload: { ts_ms: 5 },
    },
  ),
  route('a value without schema', {}, { schema: null, payload: { op: 'c' } }),
  ...['warn', 'error', 'fatal', 'FATAL', 'ignore'].map((behaviour) =>
    route(`an update, ${behaviour}`, { 'table.op.invalid.behavior': behaviour }, { op: 'u' }),
  ),
  route('id from another column', { 'table.field.event.id': 'type' }),
  route('id from a missing column', { 'table.field.event.id': 'nothing' }),
  route('key from another column', { 'table.field.event.key': 'shard' }),
  route('key from a column that is null', { 'table.field.event.key': 'tenant' }, { after: { tenant: null } }),
  route('key from a missing column', { 'table.field.event.key': 'nothing' }),
  route('type from another column', { 'table.field.event.type': 'tenant' }),
  ...['ms', 'micros', 'nanos', 'plainms', 'zoned', 'shard', 'nothing'].map((column) =>
    route(`timestamp from ${column}`, { 'table.field.event.timestamp': column }),
  ),
  route(
    'timestamp from a column that is null',
    { 'table.field.event.timestamp': 'micros' },
    { after: { micros: null } },
  ),
  ...['raw', 'shard', 'tenant', 'other', 'nothing'].map((column) =>
    route(`payload from ${column}`, { 'table.field.event.payload': column }),
  ),
  route('route by another column', { 'route.by.field': 'type' }),
  route('route by a number', { 'route.by.field': 'shard' }),
  route('route by a missing column', { 'route.by.field': 'nothing' }),
  route('route by a column that is null', { 'route.by.field': 'tenant' }, { after: { tenant: null } }),
  route('another topic', { 'route.topic.replacement': `events-\${routedByValue}` }),
  route('a topic by expression', { 'route.topic.regex': '(.)(.*)', 'route.topic.replacement': '$2.$1' }),
  route('a topic that the expression does not match', { 'route.topic.regex': 'x.*', 'route.topic.replacement': 'y' }),
  route('a broken expression', { 'route.topic.regex': '(' }),
  route('a column as header', placed('tenant:header')),
  route('columns as headers under other names', placed('tenant:header:customer,shard:header:s,raw:header')),
  route('a column that is null as header', placed('tenant:header'), { after: { tenant: null } }),
  route('a column with default as header', placed('other:header')),
  route('a column in the envelope', placed('tenant:envelope')),
  route('columns in the envelope under other names', placed('type:envelope:eventType,shard:envelope:s,tenant:header')),
  route('a column in the envelope, table without schema name', placed('type:envelope'), { rowName: '' }),
  route('a column in the envelope, schema name without dots', placed('type:envelope'), { rowName: 'Value' }),
  route('a column as partition', placed('shard:partition')),
  route('a column that is null as partition', placed('shard:partition'), { after: { shard: null } }),
  route('a long as partition', placed('bigshard:partition')),
  route('placed anywhere, missing', placed('nothing:header')),
  route('in the envelope, missing', placed('nothing:envelope')),
  route('as partition, missing', placed('nothing:partition')),
  ...['header', 'envelope', 'partition'].map((place) =>
    route(
      `${place}, missing and ignored`,
      placed(`nothing:${place},tenant:header`, { 'table.field.additional.missing': 'ignore' }),
    ),
  ),
  route('a placement of nowhere', placed('tenant:somewhere')),
  route('no placement', placed('tenant')),
  route('a schema version', placed('type:envelope', { 'table.field.event.schema.version': 'version' })),
  route('a schema version without envelope', { 'table.field.event.schema.version': 'version' }),
  route('a schema version that is no number', placed('type:envelope', { 'table.field.event.schema.version': 'type' })),
  ...[null, '', '  ', '{}'].flatMap((payload) => [
    route(`payload ${JSON.stringify(payload)}`, {}, { after: { payload } }),
    route(
      `payload ${JSON.stringify(payload)} as tombstone`,
      { 'route.tombstone.on.empty.payload': 'true' },
      { after: { payload } },
    ),
    route(
      `payload ${JSON.stringify(payload)} as tombstone in spite of an envelope`,
      placed('type:envelope', { 'route.tombstone.on.empty.payload': 'true' }),
      { after: { payload } },
    ),
    expand(payload ?? 'null'),
  ]),
  route('expands no null', { 'table.expand.json.payload': 'true' }, { after: { payload: null } }),
  route('expands no bytes', { 'table.expand.json.payload': 'true', 'table.field.event.payload': 'raw' }),
  route('expands into an envelope', placed('type:envelope', { 'table.expand.json.payload': 'true' })),
  expand('{"a": 1, "b": 2147483648, "c": 1.0, "d": true, "e": "x", "f": -1e3, "g": -2147483648}'),
  expand('{"a": 9223372036854775807, "b": -9223372036854775808}'),
  expand('{"a": 9223372036854775808}', {}, asText('{"a": 9223372036854775808}')),
  expand('{"a": {"b": {"c": "x"}}, "d": []}'),
  expand('{"a": null, "b": {"c": null}}'),
  expand('{"a": null, "b": {"c": null}}', { 'table.json.payload.null.behavior': 'optional_bytes' }),
  expand('{"a": [1, 2, 3], "b": ["x"], "c": [[1], [2]], "d": [true, null]}'),
  expand('{"a": [1, "x"]}'),
  expand('{"a": [1, 2.5]}'),
  expand('{"a": [1, 3000000000]}'),
  expand('{"a": [null]}'),
  expand('{"a": [null]}', { 'table.json.payload.null.behavior': 'optional_bytes' }),
  expand('{"a": [{"b": 1}, {"b": 2}]}'),
  expand('{"a": [{"b": 1}, [2]]}'),
  expand('{"a.b": 1, "ü": "🚲", "": 2}'),
  expand('{"a": 1, "a": "x"}'),
  expand('[{"a": 1}]', {}, asText('[{"a": 1}]')),
  expand('[1, 2]', {}, asText('[1, 2]')),
  expand('"text"'),
  expand('17'),
  expand('{"a": '),
]

/** Outbox events as Debezium's own router makes them. */
export const eventRouterGroup: GoldenGroup = { name: 'event-router', cases }
