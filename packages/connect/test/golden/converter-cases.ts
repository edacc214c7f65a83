import type { DataForm, GoldenCase, GoldenGroup } from './golden-case.ts'

const json = 'org.apache.kafka.connect.json.JsonConverter'
const text = 'org.apache.kafka.connect.storage.StringConverter'
const simple = 'org.apache.kafka.connect.storage.SimpleHeaderConverter'
const number = (name: string) => `org.apache.kafka.connect.converters.${name}Converter`
const plain = { 'schemas.enable': 'false' }

const decimal = (scale: number, more: object = {}) => ({
  type: 'bytes',
  optional: false,
  name: 'org.apache.kafka.connect.data.Decimal',
  version: 1,
  parameters: { scale: String(scale) },
  ...more,
})
const logical = (name: string, type: string) => ({
  type,
  optional: true,
  name: `org.apache.kafka.connect.data.${name}`,
  version: 1,
})
const order = {
  type: 'struct',
  name: 'orders.Value',
  version: 3,
  doc: 'An "order"',
  optional: false,
  fields: [
    { field: 'id', type: 'int64', optional: false },
    { field: 'tiny', type: 'int8', optional: true },
    { field: 'count', type: 'int32', optional: false, default: 7 },
    { field: 'price', ...decimal(2, { optional: true }) },
    { field: 'rate', type: 'double', optional: true },
    { field: 'ratio', type: 'float', optional: true },
    { field: 'paid', type: 'boolean', optional: false },
    { field: 'note', type: 'string', optional: true, doc: 'free text' },
    { field: 'raw', type: 'bytes', optional: true },
    { field: 'tags', type: 'array', items: { type: 'string', optional: false }, optional: true },
    {
      field: 'prices',
      type: 'map',
      keys: { type: 'string', optional: false },
      values: { type: 'int64', optional: true },
      optional: true,
    },
    {
      field: 'byId',
      type: 'map',
      keys: { type: 'int32', optional: false },
      values: { type: 'string', optional: false },
      optional: true,
    },
    { field: 'day', ...logical('Date', 'int32') },
    { field: 'at', ...logical('Time', 'int32') },
    { field: 'when', ...logical('Timestamp', 'int64') },
    {
      field: 'customer',
      type: 'struct',
      optional: true,
      fields: [{ field: 'name', type: 'string', optional: false }],
    },
  ],
}
const fullOrder =
  '{"id":9223372036854775807,"tiny":-128,"count":1,"price":"MDk=","rate":0.00001,"ratio":0.1,"paid":true,' +
  '"note":"a\\u001f\\"b\\\\u001f/\\u00e9\\ud83d\\ude00\\n","raw":"AP8=","tags":["x",""],"prices":{"a":1,"b":null},' +
  '"byId":[[1,"one"]],"day":-1,"at":86399999,"when":-1,"customer":{"name":"Eve"}}'
const emptyOrder = '{"id":0,"count":null,"paid":false}'
const orderText = (payload: string) => `{"schema":${JSON.stringify(order)},"payload":${payload}}`

const scalars: readonly (readonly [type: string, ...values: string[]])[] = [
  ['int8', '-128', '127', '0'],
  ['int16', '-32768', '32767'],
  ['int32', '-2147483648', '2147483647'],
  ['int64', '-9223372036854775808', '9223372036854775807', '0'],
  ['float', '0', '1', '0.1', '3.4028235E38', '1.4E-45', '1E7', '9999999', '0.001', '0.00099', '-2.5', '16777216'],
  [
    'double',
    '0',
    '1',
    '0.1',
    '1.7976931348623157E308',
    '1E7',
    '12345678.9',
    '0.001',
    '0.0009',

    '100',
    '1E21',
    '1E-7',
  ],
  ['boolean', 'true', 'false'],
  ['string', '""', '"\\u0000\\u000b\\u001f\\b\\t\\f\\r\\u007f\\u2028"'],
  ['bytes', '""', '"AAECAw=="'],
]

function schemaOf(type: string): string {
  return JSON.stringify({ type, optional: false })
}

function both(name: string, config: Readonly<Record<string, string>>, data: string): GoldenCase[] {
  return [
    { name: `${name}: written`, does: 'fromConnect', class: json, config, data },
    { name: `${name}: read`, does: 'toConnect', class: json, config, bytes: data },
  ]
}

function written(
  name: string,
  className: string,
  data: DataForm,
  config: Readonly<Record<string, string>> = {},
): GoldenCase {
  return { name: `${name}: written`, does: 'fromConnect', class: className, config, data }
}

function read(name: string, className: string, bytes: string | Uint8Array | null, config = {}): GoldenCase {
  return { name: `${name}: read`, does: 'toConnect', class: className, config, bytes }
}

const refused = (name: string, bytes: string, config = {}): GoldenCase => read(`refused, ${name}`, json, bytes, config)
const stricter = (name: string, bytes: string, why: string): GoldenCase => ({
  ...read(`refused by ours, ${name}`, json, bytes),
  differs: { why, ours: 'failed' },
})

const jsonCases: readonly GoldenCase[] = [
  ...scalars.flatMap(([type, ...values]) =>
    values.flatMap((value) => both(`${type} ${value}`, {}, `{"schema":${schemaOf(type)},"payload":${value}}`)),
  ),
  ...both('a struct with everything', {}, orderText(fullOrder)),
  ...both('a struct with nulls and a default', {}, orderText(emptyOrder)),
  ...both('a struct whose null stays null', { 'replace.null.with.default': 'false' }, orderText(fullOrder)),
  written('a struct without its schema', json, orderText(fullOrder), plain),
  written('numeric decimals', json, orderText(fullOrder), { 'decimal.format': 'numeric', 'schemas.enable': 'false' }),
  ...['0', '5', '-5', '100', '-12345678901234567890123', '5000000'].map((unscaled) =>
    written(`decimal ${unscaled} in tenths of millionths`, json, decimalText(7, unscaled), {
      'decimal.format': 'NUMERIC',
    }),
  ),
  written('a decimal of negative scale', json, decimalText(-3, '12'), { 'decimal.format': 'NUMERIC' }),
  read('a numeric decimal', json, `{"schema":${JSON.stringify(decimal(2))},"payload":12345678901234567890.12}`),
  read('defaults in schemas', json, withDefaults()),
  ...both('nothing with an optional schema', {}, '{"schema":{"type":"string","optional":true},"payload":null}'),
  ...both('an optional array of structs', {}, arrayOfStructs()),
  ...both('no schema in an envelope', {}, '{"schema":null,"payload":{"a":[1,"x",null,true,1.5]}}'),
  ...both('nothing at all in an envelope', {}, '{"schema":null,"payload":null}'),
  read('spaces and another order', json, '{ "payload" : 5 , "schema" : { "optional" : false , "type" : "int32" } }'),
  read('plain JSON', json, '{"a":1,"b":[true,null,"x",{"c":2.5}],"big":9007199254740993}', plain),
  ...['1', '1.5', '"x"', 'true', 'null', '[]', '{}'].map((bytes) => read(`plain ${bytes}`, json, bytes, plain)),
  ...['{"a":1}', '[1,"x",null]', '"x"', '5', '9007199254740993', '1.5', 'true'].map((payload) =>
    written(`plain ${payload}`, json, `{"schema":null,"payload":${payload}}`, plain),
  ),
  read('a tombstone', json, null),
  written('a tombstone', json, null),
  read('the one schema of all records', json, '{"a":5}', { 'schema.content': oneField(), 'schemas.enable': 'true' }),
  written('the one schema of all records', json, `{"schema":${oneField()},"payload":{"a":5}}`, {
    'schema.content': oneField(),
    'schemas.enable': 'true',
  }),
  refused('garbage', '{"schema":'),
  refused('no envelope', '{"a":1}'),
  refused('an envelope with more', '{"schema":{"type":"int32"},"payload":1,"more":2}'),
  refused('an unknown type', '{"schema":{"type":"int128"},"payload":1}'),
  refused('a schema without type', '{"schema":{"optional":true},"payload":1}'),
  refused('null where it is required', '{"schema":{"type":"int32","optional":false},"payload":null}'),
  refused('an array without items', '{"schema":{"type":"array"},"payload":[]}'),
  refused('a map without values', '{"schema":{"type":"map","keys":{"type":"string"}},"payload":{}}'),
  refused('a struct that is an array', `{"schema":${oneField()},"payload":[]}`),
  refused('a map that is an array', mapOf('"string"', '[]')),
  refused('a map that is an object', mapOf('"int32"', '{}')),
  refused('a map entry of three', mapOf('"int32"', '[[1,"a","b"]]')),
  refused('fields that are none', '{"schema":{"type":"struct","fields":{}},"payload":{}}'),
  refused('a date that is text', `{"schema":${JSON.stringify(logical('Date', 'int32'))},"payload":"2020-01-01"}`),
  stricter('text for a number', '{"schema":{"type":"int32"},"payload":"5"}', "Kafka's reads 0"),
  refused('a number for text', '{"schema":{"type":"string"},"payload":5}'),
  stricter('an integer that is too long', '{"schema":{"type":"int8"},"payload":300}', "Kafka's cuts it to 44"),
  stricter('a fraction for an integer', '{"schema":{"type":"int32"},"payload":1.5}', "Kafka's reads 1"),
  stricter('a number for a boolean', '{"schema":{"type":"boolean"},"payload":1}', "Kafka's reads false"),
  stricter('a leading zero', '{"schema":{"type":"int32"},"payload":007}', "Kafka's reads 7"),
]

function decimalText(scale: number, unscaled: string): string {
  const hex = BigInt.asUintN(128, BigInt(unscaled)).toString(16).padStart(32, '0')
  const payload = Buffer.from(hex, 'hex').toString('base64')
  return JSON.stringify({ schema: decimal(scale), payload })
}

function withDefaults(): string {
  const fields = [
    { field: 'a', type: 'int64', optional: true, default: 5 },
    { field: 'b', type: 'array', items: { type: 'string' }, default: ['x'] },
    { field: 'c', ...decimal(1, { default: 'ZA==' }) },
    { field: 'd', ...logical('Timestamp', 'int64'), default: 1000 },
    { field: 'e', type: 'string', optional: true, default: null },
  ]
  return JSON.stringify({ schema: { type: 'struct', fields }, payload: { c: null } })
}

function arrayOfStructs(): string {
  const items = { type: 'struct', fields: [{ field: 'a', type: 'int32', optional: false }], optional: true }
  return JSON.stringify({ schema: { type: 'array', items, optional: true }, payload: [{ a: 1 }, null, { a: 2 }] })
}

function oneField(): string {
  return JSON.stringify({ type: 'struct', fields: [{ field: 'a', type: 'int32', optional: false }], optional: false })
}

function mapOf(keyType: string, payload: string): string {
  return `{"schema":{"type":"map","keys":{"type":${keyType}},"values":{"type":"string"}},"payload":${payload}}`
}

const scalarData = (type: string, payload: string) => `{"schema":${schemaOf(type)},"payload":${payload}}`
const numbers: readonly (readonly [name: string, type: string, payload: string, bytes: string])[] = [
  ['Short', 'int16', '-2', 'fffe'],
  ['Integer', 'int32', '305419896', '12345678'],
  ['Long', 'int64', '-9223372036854775808', '8000000000000000'],
  ['Float', 'float', '0.1', '3dcccccd'],
  ['Double', 'double', '-1.5', 'bff8000000000000'],
  ['Boolean', 'boolean', 'true', '01'],
]

const otherCases: readonly GoldenCase[] = [
  ...numbers.flatMap(([name, type, payload, bytes]) => [
    written(type, number(name), scalarData(type, payload)),
    written(`nothing as ${type}`, number(name), null),
    written(`text as ${type}`, number(name), scalarData('string', '"5"')),
    read(type, number(name), Buffer.from(bytes, 'hex')),
    read(`nothing as ${type}`, number(name), null),
    read(`too few bytes for ${type}`, number(name), Buffer.from(bytes, 'hex').subarray(1)),
  ]),
  written('bytes', number('ByteArray'), scalarData('bytes', '"AP8="')),
  written('text as bytes', number('ByteArray'), scalarData('string', '"x"')),
  read('bytes', number('ByteArray'), Buffer.from([0, 255])),
  read('no bytes', number('ByteArray'), null),
  ...scalars
    .filter(([type]) => type !== 'bytes')
    .flatMap(([type, ...values]) =>
      values.map((value) => written(`text of ${type} ${value}`, text, scalarData(type, value))),
    ),
  written('text of a struct', text, structForText()),
  written('text of a map', text, '{"schema":null,"payload":{"a":[1,1.5,"x",null,{"b":true}]}}'),
  written('text of a date', text, { schema: logical('Date', 'int32'), payload: 18262 }),
  written('text of a decimal', text, decimalText(2, '-1234')),
  written('text of a small decimal', text, decimalText(10, '12')),
  written('text in Latin-1', text, scalarData('string', '"\\u00e9"'), { 'converter.encoding': 'ISO-8859-1' }),
  written('text in UTF-16', text, scalarData('string', '"\\u00e9"'), { 'converter.encoding': 'UTF-16LE' }),
  read('text', text, 'é'),
  read('no text', text, null),
  read('text in Latin-1', text, Buffer.from([0xe9]), { 'converter.encoding': 'ISO-8859-1' }),
  {
    ...read('text that is not UTF-8', text, Buffer.from([0xe9])),
    differs: { why: "Kafka's replaces what it cannot read", ours: 'failed' },
  },
]

function structForText(): string {
  const fields = [
    { field: 'a', type: 'int32', optional: false },
    { field: 'b', type: 'string', optional: true },
    { field: 'c', type: 'double', optional: true },
    { field: 'd', type: 'array', items: { type: 'float' }, optional: true },
    { field: 'e', type: 'struct', fields: [{ field: 'x', type: 'boolean' }], optional: true },
  ]
  return JSON.stringify({ schema: { type: 'struct', fields }, payload: { a: 1, c: 2, d: [1, 0.5], e: { x: true } } })
}

const headerTexts = [
  '', 'x', 'null', 'true', 'false', 'true}', ' true ', '0', '-1', '+1', '127', '128', '-129', '32768', '2147483648',
  '9223372036854775807', '9223372036854775808', '1.5', '1.0', '1e3', '1e400', '1e-400', '3.141592653589793', '1e39', '1.', '.5',
  '1.5e39', '00012', '1_000', '0x10', 'NaN', '2020-01-01', '2020-1-1', '2020-01-01T10:20:30.123Z', '10:20:30.123Z',
  '1969-12-31', '10:20:30', '2020-01-01T10:20:30Z', '[]', '[1]', '[1, 2, 300]', '[1, 2.5]', '[1, "a"]', '["a", "b"]', '[1,', '[1,,2]',
  '[ "a" , "b" ]', '["a b", "c,d"]', '["a\\"b"]', '[true, false]', '[[1], [2]]', '{"a": 1}', '{"a": 1, "b": 300000}',
  '{"a": "x", "b": "y"}', '{a: 1}', '{1: 2}', '{"a": {"b": 1}}', '{"a"}', '{"a": 1', '["2020-01-01"]', '{"t": "10:20:30.123Z"}',
  'a:b', 'a,b', 'a"b', '\\"a', ' x ', '"quoted"', '"1"', '[2020-01-01]', '9999999999999999999999', '[9999999999]', '[1, 9999999999]', '{"a":1}x',
  '[1]x', '" "', '[" a "]', '123abc', 'é', '-', '+', '1e', '[1, 9999999999, 1.5]',
] // biome-ignore format: one after the other

const headerCases: readonly GoldenCase[] = [
  ...headerTexts.map(
    (bytes): GoldenCase => ({ name: `a header with ${bytes}`, does: 'toHeader', class: simple, bytes }),
  ),
  { name: 'a header without value', does: 'toHeader', class: simple, bytes: null },
  {
    name: 'a header that is not text',
    does: 'toHeader',
    class: simple,
    bytes: Buffer.from([0xff, 0xfe]),
    differs: {
      why: "Kafka's replaces what it cannot read",
      ours: { schema: { type: 'bytes', optional: false }, payload: '//4=' },
    },
  },
  {
    name: 'a header with the thirteenth month',
    does: 'toHeader',
    class: simple,
    bytes: '2020-13-01',
    differs: {
      why: "Kafka's reads January of the next year",
      ours: { schema: { type: 'string', optional: false }, payload: '2020-13-01' },
    },
  },
  ...scalars.flatMap(([type, ...values]) =>
    values.map((value): GoldenCase => {
      return { name: `a header of ${type} ${value}`, does: 'fromHeader', class: simple, data: scalarData(type, value) }
    }),
  ),
  ...[
    structForText(),
    '{"schema":null,"payload":{"a":[1,1.5,"x\\"y\\\\",null,{"b":true}]}}',
    JSON.stringify({ schema: logical('Date', 'int32'), payload: 18262 }),
    JSON.stringify({ schema: logical('Time', 'int32'), payload: 1234 }),
    JSON.stringify({ schema: logical('Timestamp', 'int64'), payload: 1577836800000 }),
    JSON.stringify({ schema: logical('Timestamp', 'int64'), payload: 1577836800001 }),
    JSON.stringify({ schema: { type: 'array', items: { type: 'bytes' } }, payload: ['AP8='] }),
    JSON.stringify({ schema: { type: 'array', items: logical('Date', 'int32') }, payload: [18262] }),
    decimalText(2, '-1234'),
    decimalText(-2, '12'),
  ].map((data, index): GoldenCase => ({ name: `a header of data ${index}`, does: 'fromHeader', class: simple, data })),
  {
    name: 'a header of a date before 1970',
    does: 'fromHeader',
    class: simple,
    data: { schema: logical('Date', 'int32'), payload: -1 },
    differs: { why: "Kafka's writes a time of day", ours: 'text 1969-12-31' },
  },
]

export const converterGroups: readonly GoldenGroup[] = [
  { name: 'json-converter', cases: jsonCases },
  { name: 'other-converters', cases: otherCases },
  { name: 'headers', cases: headerCases },
]
