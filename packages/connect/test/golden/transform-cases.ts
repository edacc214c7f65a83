import type { DataForm, GoldenCase, GoldenGroup, RecordForm } from './golden-case.ts'

const transforms = 'org.apache.kafka.connect.transforms'

const logical = (name: string, type: string, optional = false) => {
  return { type, optional, name: `org.apache.kafka.connect.data.${name}`, version: 1 }
}
const decimal = { ...logical('Decimal', 'bytes'), parameters: { scale: '2' } }
const struct = (fields: readonly object[], more: object = {}) => ({ type: 'struct', optional: false, fields, ...more })
const optional = (type: string) => ({ type, optional: true })

const order = struct(
  [
    { field: 'id', type: 'int64', optional: false },
    { field: 'amount', type: 'double', optional: true },
    { field: 'note', ...optional('string') },
    { field: 'count', type: 'int32', optional: true, default: 7 },
    { field: 'paid', type: 'boolean', optional: false },
    { field: 'raw', ...optional('bytes') },
    { field: 'at', ...logical('Timestamp', 'int64', true) },
  ],
  { name: 'Order', version: 2, doc: 'An order' },
)
const orderPayload = { id: 5, amount: 12.75, note: 'x', count: null, paid: true, raw: 'AP8=', at: 1577836800123 }
const withSchema: DataForm = { schema: order, payload: orderPayload }
const schemaless: DataForm = {
  schema: null,
  payload: {
    id: 5,
    amount: 12.75,
    note: 'x',
    count: null,
    paid: true,
    at: 1577836800123,
    list: [1, 2],
    deep: { a: 1 },
  },
}
const nothingOptional: DataForm = { schema: { ...order, optional: true }, payload: null }

const nested = struct(
  [
    { field: 'id', type: 'int32', optional: false },
    {
      field: 'customer',
      ...struct(
        [
          { field: 'name', type: 'string', optional: false },
          { field: 'a.b', type: 'string', optional: true },
          {
            field: 'address',
            ...struct([{ field: 'city', type: 'string', optional: false, default: 'Rome' }], { optional: true }),
          },
        ],
        { optional: true },
      ),
    },
    { field: 'tags', type: 'array', items: { type: 'string' }, optional: false },
    { field: 'dot.ted', type: 'int32', optional: true },
    { field: 'with`tick', type: 'int32', optional: true },
  ],
  { name: 'Nested', optional: true },
)
const nestedPayload = {
  id: 1,
  customer: { name: 'Eve', 'a.b': 'dots', address: { city: 'Oslo' } },
  tags: ['x'],
  'dot.ted': 2,
  'with`tick': 3,
}
const nestedData: DataForm = { schema: nested, payload: nestedPayload }
const nestedNull: DataForm = { schema: nested, payload: { ...nestedPayload, customer: null } }
const nestedPlain: DataForm = { schema: null, payload: nestedPayload }

const string = (payload: string): DataForm => ({ schema: { type: 'string', optional: false }, payload })
const header = (key: string, data: DataForm) => ({ key, data })

const text = string('text')

interface Given {
  readonly config?: Readonly<Record<string, string>>
  readonly record: RecordForm
}

function one(name: string, className: string, { config = {}, record }: Given): GoldenCase {
  return { name, does: 'transform', class: `${transforms}.${className}`, config, record }
}

/** The same for the key and for the value. */
function both(name: string, className: string, config: Readonly<Record<string, string>>, data: DataForm): GoldenCase[] {
  const others = {
    topic: 'orders',
    partition: 3,
    offset: 77,
    timestampMs: 1577836800123,
    headers: [header('h', string('v'))],
  }
  return [
    one(`${name}: value`, `${className}$Value`, { config, record: { ...others, key: string('k'), value: data } }),
    one(`${name}: key`, `${className}$Key`, { config, record: { ...others, key: data, value: string('v') } }),
  ]
}

/** With and without a schema, and with nothing. */
function shapes(name: string, className: string, config: Readonly<Record<string, string>>): GoldenCase[] {
  return [
    ...both(`${name}, with schema`, className, config, withSchema),
    ...both(`${name}, schemaless`, className, config, schemaless),
    ...both(`${name}, nothing`, className, config, null),
    ...both(`${name}, nothing with schema`, className, config, nothingOptional),
    ...both(`${name}, a string`, className, config, text),
  ]
}

const keepNull = { 'replace.null.with.default': 'false' }

const numbers = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string']
const castInputs: readonly (readonly [name: string, data: DataForm])[] = [
  ['int32 300', { schema: { type: 'int32', optional: false }, payload: 300 }],
  ['int64 -5000000000', { schema: { type: 'int64', optional: true }, payload: -5000000000 }],
  ['double 2.9', { schema: { type: 'double', optional: false }, payload: 2.9 }],
  ['double -4294967296', { schema: { type: 'double', optional: false }, payload: -4294967296 }],
  ['double 1e30', { schema: { type: 'double', optional: false }, payload: 1e30 }],
  ['float 0.1', { schema: { type: 'float', optional: false }, payload: 0.1 }],
  ['boolean', { schema: { type: 'boolean', optional: false }, payload: true }],
  ['string 42', string('42')],
  ['string 1.5', string('1.5')],
  ['string TRUE', string('TRUE')],
  ['string 1e400', string('1e400')],
  ['bytes', { schema: { type: 'bytes', optional: false }, payload: 'AP8=' }],
  ['plain 300', '{"schema":null,"payload":300}'],
  ['plain 2.5', '{"schema":null,"payload":2.5}'],
  ['plain 16777217', '{"schema":null,"payload":16777217}'],
  ['plain text', '{"schema":null,"payload":"42"}'],
  ['plain true', '{"schema":null,"payload":true}'],
  ['a list', '{"schema":null,"payload":[1]}'],
  [
    'a named int32 with default',
    { schema: { type: 'int32', name: 'Id', version: 3, default: 8, doc: 'id' }, payload: 9 },
  ],
]

const dateData: DataForm = { schema: logical('Date', 'int32'), payload: 18262 }
const castDate = {
  topic: 'topic',
  partition: 0,
  timestampMs: null,
  key: null,
  value: { schema: { type: 'string', optional: false }, payload: '2020-01-01' },
  headers: [],
}
const logicalInputs: readonly (readonly [name: string, schema: object, payload: unknown])[] = [
  ['decimal', decimal, 'MDk='],
  ['date', logical('Date', 'int32'), 18262],
  ['time', logical('Time', 'int32', true), 5],
  ['timestamp', logical('Timestamp', 'int64'), 4294967296],
]

const castCases: readonly GoldenCase[] = [
  ...castInputs.flatMap(([name, data]) =>
    numbers.map((spec) => one(`${name} to ${spec}`, 'Cast$Value', { config: { spec }, record: { value: data } })),
  ),
  ...logicalInputs.flatMap(([name, schema, payload]) =>
    numbers.map((type) => {
      const value = { schema: struct([{ field: 'f', ...schema }]), payload: { f: payload } }
      return one(`field of ${name} to ${type}`, 'Cast$Value', { config: { spec: `f:${type}` }, record: { value } })
    }),
  ),
  {
    ...one('a whole date', 'Cast$Value', { config: { spec: 'string' }, record: { value: dateData } }),
    differs: {
      why: "Kafka's leaves the schema's name, which its converters then refuse",
      ours: castDate,
    },
  },
  ...shapes('fields', 'Cast', { spec: 'id:string, amount:int32,count:int64,paid:int8,at:string' }),
  ...shapes('null stays null', 'Cast', { spec: 'count:string', ...keepNull }),
  ...both('a field that is not there', 'Cast', { spec: 'none:string' }, schemaless),
  ...both('a field that is not there, with schema', 'Cast', { spec: 'none:string' }, withSchema),
  ...['', 'id:bytes', 'id:int128', 'string,int8', 'a:b:c'].map((spec) =>
    one(`refused, ${spec}`, 'Cast$Value', { config: { spec }, record: { value: withSchema } }),
  ),
]

const fieldCases: readonly GoldenCase[] = [
  ...['id', 'note', 'count', 'none'].flatMap((field) => shapes(`extract ${field}`, 'ExtractField', { field })),
  ...both('extract null', 'ExtractField', { field: 'count', ...keepNull }, withSchema),
  ...[
    'customer.name',
    'customer.address.city',
    'customer.`a.b`',
    '`dot.ted`',
    'with`tick',
    '`with`tick`',
    'dot.ted',
    'customer.none',
    'none.name',
    'customer',
    'id.x',
    'customer.',
    '`customer`.`address`.`city`',
  ].flatMap((field) => {
    const config = { field, 'field.syntax.version': 'v2' }
    return [
      ...both(`path ${field}`, 'ExtractField', config, nestedData),
      ...both(`path ${field}, schemaless`, 'ExtractField', config, nestedPlain),
      ...both(`path ${field}, null on the way`, 'ExtractField', config, nestedNull),
    ]
  }),
  one('refused, an open backtick', 'ExtractField$Value', {
    config: { field: '`a', 'field.syntax.version': 'V2' },
    record: { value: nestedData },
  }),
  one('refused, an unknown syntax', 'ExtractField$Value', {
    config: { field: 'a', 'field.syntax.version': 'V3' },
    record: { value: nestedData },
  }),
  ...shapes('hoist', 'HoistField', { field: 'payload' }),
  ...both('flatten', 'Flatten', {}, nestedData),
  ...both('flatten, null on the way', 'Flatten', {}, nestedNull),
  ...both('flatten, schemaless', 'Flatten', { delimiter: '_' }, nestedPlain),
  ...both('flatten, an underscore', 'Flatten', { delimiter: '_' }, nestedData),
  ...shapes('flatten what is flat', 'Flatten', {}),
  ...shapes('replace', 'ReplaceField', { exclude: 'paid', renames: 'id:key,count:number' }),
  ...shapes('include', 'ReplaceField', { include: 'id,note,count', exclude: 'note' }),
  ...both('replace, null stays null', 'ReplaceField', { include: 'count', ...keepNull }, withSchema),
  ...both('two of one name', 'ReplaceField', { renames: 'id:note' }, withSchema),
  one('refused, a bad renaming', 'ReplaceField$Value', { config: { renames: 'a' }, record: { value: withSchema } }),
  ...shapes('insert', 'InsertField', {
    'topic.field': 'topic',
    'partition.field': 'partition!',
    'offset.field': 'offset?',
    'timestamp.field': 'time!',
    'static.field': 'fixed',
    'static.value': 'value',
  }),
  ...both('insert, null stays null', 'InsertField', { 'topic.field': 'topic', ...keepNull }, withSchema),
  ...both('insert what is there', 'InsertField', { 'topic.field': 'note' }, withSchema),
  ...both('insert what is there, schemaless', 'InsertField', { 'topic.field': 'note' }, schemaless),
  one('insert no time', 'InsertField$Value', { config: { 'timestamp.field': 't' }, record: { value: withSchema } }),
  one('refused, nothing to insert', 'InsertField$Value', { record: { value: withSchema } }),
  one('refused, no value to insert', 'InsertField$Value', {
    config: { 'static.field': 'a' },
    record: { value: withSchema },
  }),
  ...shapes('mask', 'MaskField', { fields: 'id,amount,note,count,paid' }),
  ...both('mask a time', 'MaskField', { fields: 'at' }, withSchema),
  ...both('mask lists and objects', 'MaskField', { fields: 'list,deep' }, schemaless),
  ...both('mask bytes', 'MaskField', { fields: 'raw' }, withSchema),
  ...both('mask a struct', 'MaskField', { fields: 'customer' }, nestedData),
  ...both('mask a list', 'MaskField', { fields: 'tags' }, nestedData),
  ...both('mask with a number', 'MaskField', { fields: 'id,amount,count,note', replacement: '123.9' }, withSchema),
  ...both(
    'mask with a number, schemaless',
    'MaskField',
    { fields: 'id,amount,note', replacement: '123.9' },
    schemaless,
  ),
  ...both('mask with a word', 'MaskField', { fields: 'note', replacement: '***' }, withSchema),
  ...both('mask a number with a word', 'MaskField', { fields: 'id', replacement: '***' }, withSchema),
  ...both('mask a boolean with a word', 'MaskField', { fields: 'paid', replacement: 'x' }, withSchema),
  ...both('mask, null stays null', 'MaskField', { fields: 'count', ...keepNull }, withSchema),
  ...shapes('name a schema', 'SetSchemaMetadata', { 'schema.name': 'New', 'schema.version': '9' }).map(
    (each): GoldenCase => {
      if (each.record?.[each.class.endsWith('Key') ? 'key' : 'value'] !== text) return each
      return { ...each, differs: { why: "Kafka's fails at schemas that are no structs", ours: namedText(each) } }
    },
  ),
  ...both('a version', 'SetSchemaMetadata', { 'schema.version': '9', ...keepNull }, withSchema),
  one('refused, neither name nor version', 'SetSchemaMetadata$Value', { record: { value: withSchema } }),
  ...[withSchema, schemaless, null, string('x'), nothingOptional].flatMap((value, index) => [
    one(`key from value ${index}`, 'ValueToKey', {
      config: { fields: 'id,count' },
      record: { key: string('k'), value },
    }),
    one(`key with null from value ${index}`, 'ValueToKey', {
      config: { fields: 'count,note', ...keepNull },
      record: { value },
    }),
    one(`key from a field that is not there ${index}`, 'ValueToKey', { config: { fields: 'none' }, record: { value } }),
  ]),
]

function namedText({ class: className }: GoldenCase): unknown {
  const named = { schema: { type: 'string', optional: false, name: 'New', version: 9 }, payload: 'text' }
  const isKey = className.endsWith('Key')
  return {
    topic: 'orders',
    partition: 3,
    timestampMs: 1577836800123,
    key: isKey ? named : string('k'),
    value: isKey ? string('v') : named,
    headers: [header('h', string('v'))],
  }
}

const headers = [header('a', string('1')), header('b', string('2')), header('a', string('3'))]

const headerCases: readonly GoldenCase[] = [
  one('drop', 'DropHeaders', { config: { headers: 'a,c' }, record: { headers, value: withSchema } }),
  one('refused, drop nothing', 'DropHeaders', { config: { headers: '' }, record: { headers } }),
  ...['x', '5', '[1,2]', '2020-01-01', 'true', '{"a":1}'].map((literal) =>
    one(`insert ${literal}`, 'InsertHeader', {
      config: { header: 'a', 'value.literal': literal },
      record: { headers },
    }),
  ),
  ...['copy', 'move'].flatMap((operation) => [
    ...shapes(operation, 'HeaderFrom', { fields: 'id,count', headers: 'x,y', operation }),
    ...both(`${operation} null`, 'HeaderFrom', { fields: 'count', headers: 'x', operation, ...keepNull }, withSchema),
    ...both(`${operation} what is not there`, 'HeaderFrom', { fields: 'none', headers: 'x', operation }, withSchema),
    ...both(`${operation} what no object has`, 'HeaderFrom', { fields: 'none', headers: 'x', operation }, schemaless),
  ]),
  one('refused, more fields than headers', 'HeaderFrom$Value', {
    config: { fields: 'a,b', headers: 'x', operation: 'copy' },
    record: { value: withSchema },
  }),
  one('refused, an unknown operation', 'HeaderFrom$Value', {
    config: { fields: 'a', headers: 'x', operation: 'steal' },
    record: { value: withSchema },
  }),
  one('filter', 'Filter', { record: { value: withSchema } }),
]

const millis = 1577934245678
const times: readonly (readonly [name: string, data: DataForm])[] = [
  ['unix', { schema: optional('int64'), payload: millis }],
  ['unix before 1970', { schema: optional('int64'), payload: -1 }],
  ['text', string('2020-01-02 03:04:05.678')],
  ['date', { schema: logical('Date', 'int32'), payload: 18262 }],
  ['time', { schema: logical('Time', 'int32', true), payload: 11045678 }],
  ['timestamp', { schema: logical('Timestamp', 'int64', true), payload: millis }],
  ['plain unix', { schema: null, payload: millis }],
  ['plain text', { schema: null, payload: '2020-01-02 03:04:05.678' }],
  ['plain date', { schema: null, payload: { $date: millis } }],
  ['nothing', { schema: optional('int64'), payload: null }],
  ['nothing at all', null],
  ['int32', { schema: { type: 'int32', optional: false }, payload: 5 }],
  ['plain double', '{"schema":null,"payload":1.5}'],
]
const format = 'yyyy-MM-dd HH:mm:ss.SSS'

const formats = [
  'yyyyMMdd', 'yy/M/d', 'EEE, dd MMM yyyy HH:mm:ss Z', "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "h:mm a 'o''clock'", 'EEEE MMMM', 'DDD',
  'kk:KK', 'u', 'z', 'S SS SSSSSS', 'y yyy yyyyy', 'G', "''", 'X', "yyyy'", 'bad', 'HHmmssSSS',
] // biome-ignore format: one after the other
const parsed: readonly (readonly [format: string, text: string])[] = [
  ['yyyyMMddHHmmss', '20200102030405'],
  ['yyyy-MM-dd', '2020-1-2'],
  ['yyyy-MM-dd', '2020-01-02 and more'],
  ['yyyy-MM-dd', '2020-14-33'],
  ['yyyy-MM-dd', 'x'],
  ['dd MMM yyyy', '2 jan 2020'],
  ['dd MMMM yyyy', '2 January 2020'],
  ['EEE dd MMM yyyy', 'Thu 02 Jan 2020'],
  ['h:mm a', '12:30 AM'],
  ['h:mm a', '12:30 pm'],
  ['K:mm a', '1:30 PM'],
  ['kk:mm', '24:15'],
  ["yyyy-MM-dd'T'HH:mm:ssXXX", '2020-01-02T03:04:05+02:30'],
  ['yyyy-MM-dd HH:mm:ss Z', '2020-01-02 03:04:05 -0800'],
  ['yyyy-MM-dd HH:mm:ss z', '2020-01-02 03:04:05 UTC'],
  ['yyyy-MM-dd HH:mm:ss z', '2020-01-02 03:04:05 GMT+01:00'],
  ['yyyy DDD', '2020 60'],
  ['HH:mm:ss.SSS', '01:02:03.4'],
  ['yy-MM-dd', '20-01-02'],
]

const timeCases: readonly GoldenCase[] = [
  ...times.flatMap(([name, value]) =>
    ['string', 'unix', 'Date', 'Time', 'Timestamp'].map((target) => {
      const config = { 'target.type': target, format }
      return one(`${name} to ${target}`, 'TimestampConverter$Value', { config, record: { value } })
    }),
  ),
  ...['seconds', 'microseconds', 'nanoseconds'].flatMap((precision) =>
    ['unix', 'Timestamp'].flatMap((target) =>
      [1577934245, -1500, 9007199254740].map((payload) =>
        one(`${payload} ${precision} to ${target}`, 'TimestampConverter$Value', {
          config: { 'target.type': target, 'unix.precision': precision },
          record: { value: { schema: optional('int64'), payload } },
        }),
      ),
    ),
  ),
  ...['string', 'unix', 'Date', 'Time', 'Timestamp'].flatMap((target) =>
    shapes(`a field to ${target}`, 'TimestampConverter', { field: 'at', 'target.type': target, format }),
  ),
  ...shapes('a field that is not there', 'TimestampConverter', { field: 'none', 'target.type': 'unix' }),
  ...shapes('a field that is null', 'TimestampConverter', { field: 'raw', 'target.type': 'unix' }),
  ...both('null stays null', 'TimestampConverter', { field: 'at', 'target.type': 'unix', ...keepNull }, withSchema),
  ...formats.map((pattern) =>
    one(`written as ${pattern}`, 'TimestampConverter$Value', {
      config: { 'target.type': 'string', format: pattern },
      record: { value: { schema: optional('int64'), payload: millis } },
    }),
  ),
  ...parsed.map(([pattern, text]) =>
    one(`${text} read as ${pattern}`, 'TimestampConverter$Value', {
      config: { 'target.type': 'unix', format: pattern },
      record: { value: string(text) },
    }),
  ),
  one('refused, no format', 'TimestampConverter$Value', { config: { 'target.type': 'string' }, record: {} }),
  one('refused, an unknown target', 'TimestampConverter$Value', { config: { 'target.type': 'x' }, record: {} }),
  one('refused, an unknown precision', 'TimestampConverter$Value', {
    config: { 'target.type': 'unix', 'unix.precision': 'x' },
    record: {},
  }),
]

const regexes: readonly (readonly [regex: string, replacement: string, topic: string])[] = [
  ['(.*)-(.*)', '$2-$1', 'a-b'],
  ['orders', 'x', 'my-orders'],
  ['(?<db>\\w+)\\.(\\w+)', `\${db}_$2$1`, 'shop.orders'],
  ['a|ab', 'x', 'ab'],
  ['(a)(b)?', '[$2]$1', 'a'],
  ['.*', '\\$1\\\\', 'a'],
  ['.*', '$9', 'a'],
  ['.*', '$x', 'a'],
  ['(.)', '$12', 'a'],
  ['(?i)ORDERS', 'x', 'orders'],
  ['\\Qa.b\\E', 'x', 'a.b'],
  ['\\Qa.b\\E', 'x', 'aXb'],
  ['\\p{Alpha}+', 'x', 'abc'],
  ['[\\p{Digit}_]+', 'x', '1_2'],
  ['\\Aorders\\z', 'x', 'orders'],
  ['[', 'x', 'orders'],
  ['a++b', 'x', 'aab'],
  ['[a-z&&[^b]]', 'x', 'a'],
] // prettier-ignore

const routerCases: readonly GoldenCase[] = [
  ...regexes.map(([regex, replacement, topic]): GoldenCase => {
    const each = one(`${regex} to ${replacement} in ${topic}`, 'RegexRouter', {
      config: { regex, replacement },
      record: { topic, value: string('v') },
    })
    const isUnsupported = regex === 'a++b' || regex.includes('&&')
    return isUnsupported ? { ...each, differs: { why: 'JavaScript has no such expressions', ours: 'failed' } } : each
  }),
  ...[`\${topic}-\${timestamp}`, `\${timestamp}`, 'x', `\${topic}\${topic}`].map((format) =>
    one(`topic as ${format}`, 'TimestampRouter', {
      config: { 'topic.format': format, 'timestamp.format': 'yyyy-MM-dd' },
      record: { topic: 'a$1', timestampMs: millis },
    }),
  ),
  one('topic with the day', 'TimestampRouter', { record: { topic: 'orders', timestampMs: millis } }),
  one('topic without time', 'TimestampRouter', { record: { topic: 'orders' } }),
  ...[headers, []].flatMap((own, index) => [
    test(`has a header ${index}`, 'HasHeaderKey', { config: { name: 'a' }, record: { headers: own } }),
    test(`has another header ${index}`, 'HasHeaderKey', { config: { name: 'z' }, record: { headers: own } }),
  ]),
  test('refused, a header without name', 'HasHeaderKey', { config: { name: '' }, record: {} }),
  test('is a tombstone', 'RecordIsTombstone', { record: { key: string('k') } }),
  test('is a tombstone with schema', 'RecordIsTombstone', { record: { value: nothingOptional } }),
  test('is no tombstone', 'RecordIsTombstone', { record: { value: string('') } }),
  ...['orders', 'order', 'or.*', '^orders$', 'ORDERS', '['].map((pattern) =>
    test(`topic matches ${pattern}`, 'TopicNameMatches', { config: { pattern }, record: { topic: 'orders' } }),
  ),
]

function test(name: string, className: string, given: Given): GoldenCase {
  return { ...one(name, `predicates.${className}`, given), does: 'test' }
}

export const transformGroups: readonly GoldenGroup[] = [
  { name: 'cast', cases: castCases },
  { name: 'fields', cases: fieldCases },
  { name: 'header-transforms', cases: headerCases },
  { name: 'times', cases: timeCases },
  { name: 'routers-and-predicates', cases: routerCases },
]
