/** A column of the table of all types, with the values of its rows; a missing one is null. */
export interface TypedColumn {
  readonly name: string
  readonly type: string
  /** As SQL literals, one for each row. */
  readonly values: readonly string[]
}

const column = (name: string, type: string, ...values: string[]): TypedColumn => ({ name, type, values })

/**
 * Types that PostgreSQL does not bring along, as base types that print what they were given: capture sees name and text of a
 * value, and the texts in the tables below are those that PostGIS and pgvector print.
 */
const standIns = ['geometry', 'geography', 'vector', 'halfvec', 'sparsevec']

export const typeDefinitions = [
  'create extension hstore',
  'create extension citext',
  'create extension ltree',
  'create extension isn',
  "create type mood as enum ('sad', 'ok', 'it''s, fine')",
  'create type pair as (a int, b text)',
  'create domain positive as int check (value > 0)',
  'create domain price as numeric(8,3)',
  'create domain short_name as varchar(10)',
  'create domain shorter_name as short_name',
  ...standIns.flatMap((name) => [
    `create type ${name}`,
    `create function ${name}_in(cstring) returns ${name} language internal immutable strict as 'textin'`,
    `create function ${name}_out(${name}) returns cstring language internal immutable strict as 'textout'`,
    `create type ${name} (input = ${name}_in, output = ${name}_out, internallength = variable, alignment = int4, storage = extended)`,
  ]),
]

const numbers = [
  column('c_smallint', 'smallint', '1', '-32768', '32767'),
  column('c_int', 'int', '1', '-2147483648', '2147483647'),
  column('c_bigint', 'bigint', '1', '-9223372036854775808', '9223372036854775807'),
  column('c_real', 'real', '1.5', '-3.4e38', "'NaN'", "'Infinity'", '1e-20', '0.1', '16777216', '1e7'),
  column(
    'c_double',
    'double precision',
    '1.5',
    '-1.7e308',
    "'NaN'",
    "'-Infinity'",
    '1e-300',
    '0.1',
    '12345678',
    '1e21',
    '-0.0',
    '0.001',
    '0.0001',
  ),
  column(
    'c_numeric',
    'numeric',
    '1',
    '-123456789012345678901234567890.123456789',
    '0',
    '100',
    '1.50',
    '1e10',
    '-0.000001',
  ),
  column('c_numeric_10_2', 'numeric(10,2)', '1', '-12345678.91', '0.5', '99999999.99'),
  column('c_numeric_5', 'numeric(5)', '1', '-12345', '0'),
  column('c_money', 'money', '1', '-1234567.89', '0.5'),
  column('c_oid', 'oid', '1', '4294967295'),
  column('c_bool', 'boolean', 'true', 'false'),
  column('c_bit1', 'bit(1)', "B'1'", "B'0'"),
  column('c_bit5', 'bit(5)', "B'10110'", "B'00000'", "B'00001'"),
  column(
    'c_bit40',
    'bit(40)',
    "repeat('10', 20)::bit(40)",
    "repeat('0', 40)::bit(40)",
    "(repeat('0', 39) || '1')::bit(40)",
  ),
  column('c_varbit1', 'varbit(1)', "B'1'", "B'0'"),
  column('c_varbit10', 'varbit(10)', "B'101'", "B''", "B'1000000001'"),
]

const texts = [
  column('c_char', 'char', "'a'", "'ü'"),
  column('c_char5', 'char(5)', "'ab'", "''"),
  column('c_varchar', 'varchar', "'text'", "''"),
  column('c_varchar20', 'varchar(20)', "'text'"),
  column(
    'c_text',
    'text',
    `E'a "quoted" \\\\ back\\nslash\\t\\u0001 \\u2028 ünïcode \\U0001F600'`,
    "''",
    "'</script>'",
    "E'\\u007f\\u0080'",
  ),
  column('c_citext', 'citext', "'CaSe'"),
  column('c_bytea', 'bytea', "'\\xdeadbeef'", "''", "'\\xfbff3e3f'"),
  column('c_json', 'json', `'{"a":  [1, 2.50], "ü": null}'`, "'null'", '\'"text"\''),
  column('c_jsonb', 'jsonb', `'{"a":  [1, 2.50], "ü": null}'`, "'[]'", "'1e3'"),
  column('c_xml', 'xml', '\'<a b="1">x</a>\''),
  column('c_uuid', 'uuid', "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"),
  column('c_enum', 'mood', "'sad'", "'it''s, fine'"),
  column('c_ltree', 'ltree', "'Top.Science.Astronomy'"),
  column('c_isbn', 'isbn', "'978-0-393-04002-9'"),
  column('c_tsvector', 'tsvector', "'a fat cat sat'", "to_tsvector('english', 'The Fat Rats')"),
  column('c_hstore', 'hstore', `'"a key"=>"1", b=>NULL, c=>"\\"x\\" \\\\ y"'`, "''", "'z=>1, a=>2, m=>3'"),
  column('c_inet', 'inet', "'192.168.1.1/24'", "'::1'"),
  column('c_cidr', 'cidr', "'10.0.0.0/8'"),
  column('c_macaddr', 'macaddr', "'08:00:2b:01:02:03'"),
  column('c_macaddr8', 'macaddr8', "'08:00:2b:01:02:03:04:05'"),
  column('c_int4range', 'int4range', "'[1,10)'", "'empty'", "'(,5]'"),
  column('c_int8range', 'int8range', "'[1,10000000000)'"),
  column('c_numrange', 'numrange', "'[1.5,2.5]'"),
  column('c_tsrange', 'tsrange', "'[2020-01-01 10:00:00, 2020-01-02 11:30:00.5)'"),
  column('c_tstzrange', 'tstzrange', "'[2020-01-01 10:00:00+00, infinity)'"),
  column('c_daterange', 'daterange', "'[2020-01-01,2020-02-01)'"),
  column('c_point', 'point', "'(1.5,-2)'", "'(1e30,0.1)'"),
  column('c_domain', 'positive', '1', '7'),
  column('c_domain_numeric', 'price', '1.5', '-12345.678'),
  column('c_domain_text', 'short_name', "'short'"),
  column('c_domain_domain', 'shorter_name', "'shorter'"),
]

const times = [
  column(
    'c_date',
    'date',
    "'2024-02-29'",
    "'1969-12-31'",
    "'0001-01-01'",
    "'0044-03-15 BC'",
    "'infinity'",
    "'-infinity'",
    "'9999-12-31'",
    "'12345-01-01'",
  ),
  column('c_time', 'time', "'12:34:56.123456'", "'00:00:00'", "'23:59:59.999999'", "'24:00:00'", "'01:02:03.1'"),
  column('c_time0', 'time(0)', "'12:34:56.789'"),
  column('c_time3', 'time(3)', "'12:34:56.789'", "'23:59:59.999'"),
  column('c_timetz', 'timetz', "'12:34:56.123456+02'", "'00:00:00-05:30'", "'23:59:59+00'", "'12:34:56.1+00'"),
  column('c_timetz3', 'timetz(3)', "'12:34:56.789+02'"),
  column(
    'c_timestamp',
    'timestamp',
    "'2024-02-29 12:34:56.123456'",
    "'1969-12-31 23:59:59.999999'",
    "'0044-03-15 12:00:00 BC'",
    "'infinity'",
    "'-infinity'",
    "'1582-10-10 00:00:00'",
    "'12345-01-01 00:00:00.5'",
  ),
  column('c_timestamp0', 'timestamp(0)', "'2024-02-29 12:34:56.6'"),
  column('c_timestamp3', 'timestamp(3)', "'2024-02-29 12:34:56.789'", "'1969-12-31 23:59:59.999'"),
  column(
    'c_timestamptz',
    'timestamptz',
    "'2024-02-29 12:34:56.123456+02'",
    "'1969-12-31 23:59:59.5Z'",
    "'0044-03-15 12:00:00+00 BC'",
    "'infinity'",
    "'-infinity'",
    "'2024-02-29 12:34:00Z'",
    "'2024-02-29 12:34:56.120Z'",
    "'12345-01-01 00:00:00Z'",
  ),
  column('c_timestamptz0', 'timestamptz(0)', "'2024-02-29 12:34:56.6+02'"),
  column('c_timestamptz3', 'timestamptz(3)', "'2024-02-29 12:34:56.789+02'", "'2024-02-29 12:34:56Z'"),
  column(
    'c_interval',
    'interval',
    "'1 year 2 months 3 days 04:05:06.789'",
    "'-1 month'",
    "'0'",
    "'-3 days -00:00:00.5'",
    "'1 day -01:00'",
    "'100:00:00'",
  ),
  column('c_interval_month', 'interval year to month', "'1 year 2 months'"),
]

const arrays = [
  column('a_smallint', 'smallint[]', "'{1,NULL,3}'", "'{}'"),
  column('a_int', 'int[]', "'{1,NULL,3}'", "'{}'"),
  column('a_bigint', 'bigint[]', "'{1,9223372036854775807}'"),
  column('a_real', 'real[]', "'{1.5,NaN,0.1}'"),
  column('a_double', 'double precision[]', "'{1.5,Infinity,0.1}'"),
  column('a_numeric', 'numeric[]', "'{1.50,-100}'"),
  column('a_numeric_10_2', 'numeric(10,2)[]', "'{1.5,NULL}'"),
  column('a_bool', 'boolean[]', "'{t,f,NULL}'"),
  column('a_text', 'text[]', `'{a,"b, \\"c\\" \\\\ d",NULL,"NULL","","{x}"}'`, "'{}'"),
  column('a_varchar', 'varchar(5)[]', "'{a,b}'"),
  column('a_char', 'char(3)[]', "'{a,bcd}'"),
  column('a_citext', 'citext[]', "'{A,b}'"),
  column('a_bytea', 'bytea[]', `'{"\\\\xdead",NULL}'`),
  column('a_date', 'date[]', "'{2024-02-29,NULL}'"),
  column('a_time', 'time[]', "'{12:34:56.123456}'"),
  column('a_timestamp', 'timestamp[]', "'{2024-02-29 12:34:56.123456}'"),
  column('a_timestamptz', 'timestamptz[]', "'{2024-02-29 12:34:56.123456+02}'"),
  column('a_uuid', 'uuid[]', "'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'"),
  column('a_json', 'json[]', `array['{"a": 1}'::json, null]`),
  column('a_jsonb', 'jsonb[]', `array['{"a": 1}'::jsonb]`),
  column('a_inet', 'inet[]', "'{10.0.0.1/8}'"),
  column('a_cidr', 'cidr[]', "'{10.0.0.0/8}'"),
  column('a_macaddr', 'macaddr[]', "'{08:00:2b:01:02:03}'"),
  column('a_int4range', 'int4range[]', `'{"[1,3)"}'`),
  column('a_tsrange', 'tsrange[]', `array['[2020-01-01 10:00:00,2020-01-02 00:00:00)'::tsrange]`),
  column('a_enum', 'mood[]', "'{sad,ok}'"),
  column('a_hstore', 'hstore[]', `array['a=>1'::hstore]`),
  column('a_ltree', 'ltree[]', "'{a.b,c}'"),
  column('a_oid', 'oid[]', "'{1,2}'"),
  column('a_money', 'money[]', "'{1,2}'"),
  column('a_interval', 'interval[]', "'{1 day}'"),
  column('a_point', 'point[]', `array[point '(1,2)']`),
  column('a_xml', 'xml[]', "array['<a/>'::xml]"),
]

/** Types that Debezium leaves out unless it is told to include the unknown ones. */
const unknown = [
  column('u_name', 'name', "'name'"),
  column('u_char', '"char"', "'x'"),
  column('u_line', 'line', "'{1,2,3}'"),
  column('u_lseg', 'lseg', "'[(1,2),(3,4)]'"),
  column('u_box', 'box', "'((3,4),(1,2))'"),
  column('u_path', 'path', "'((1,2),(3,4))'"),
  column('u_polygon', 'polygon', "'((1,2),(3,4),(5,6))'"),
  column('u_circle', 'circle', "'<(1,2),3>'"),
  column('u_tsquery', 'tsquery', "'fat & rat'"),
  column('u_pg_lsn', 'pg_lsn', "'16/B374D848'"),
  column('u_regclass', 'regclass', "'pg_class'"),
  column('u_multirange', 'int4multirange', "'{[1,3),[5,7)}'"),
  column('u_composite', 'pair', "row(1, 'x')"),
  column('u_xid', 'xid', "'5'"),
  column('u_varbit', 'varbit', "B'101'"),
]

const extensions = [
  column(
    'c_geometry',
    'geometry',
    "'0101000020E6100000000000000000F03F0000000000000040'",
    "'0101000000000000000000F03F0000000000000040'",
  ),
  column('c_geography', 'geography', "'0101000020E6100000000000000000F03F0000000000000040'"),
  column('c_vector', 'vector', "'[1,2.5,-3]'"),
  column('c_halfvec', 'halfvec', "'[1,2.5,-3]'"),
  column('c_sparsevec', 'sparsevec', "'{1:1.5,3:-2}/5'"),
]

/** The table of all types, in parts so that a failure names its kind. */
export const typeTables: readonly { readonly name: string; readonly columns: readonly TypedColumn[] }[] = [
  { name: 'types_number', columns: numbers },
  { name: 'types_text', columns: texts },
  { name: 'types_time', columns: times },
  { name: 'types_array', columns: arrays },
  { name: 'types_unknown', columns: unknown },
  { name: 'types_extension', columns: extensions },
]

export function createTypeTables(): string[] {
  return typeTables.map(({ name, columns }) => {
    const list = columns.map((one) => `${one.name} ${one.type}`)
    return `create table ${name} (id int primary key, ${list.join(', ')})`
  })
}

/** One row for each value that some column has, numbered from `firstId`, and one of nulls. */
export function typeRows(firstId: number): string[] {
  return typeTables.flatMap(({ name, columns }) => {
    const count = Math.max(...columns.map((one) => one.values.length)) + 1
    return Array.from({ length: count }, (_, i) => {
      const given = columns.filter((one) => one.values[i] !== undefined)
      const names = ['id', ...given.map((one) => one.name)]
      const values = [String(firstId + i), ...given.map((one) => one.values[i])]
      return `insert into ${name} (${names.join(', ')}) values (${values.join(', ')})`
    })
  })
}
