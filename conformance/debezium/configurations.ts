/** Connector properties beside those of the connection; each set runs on the same statements. */
export interface Configuration {
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
}

const json = 'org.apache.kafka.connect.json.JsonConverter'

export const converters = (schemas: boolean): Record<string, string> => ({
  'key.converter': json,
  'value.converter': json,
  'key.converter.schemas.enable': String(schemas),
  'value.converter.schemas.enable': String(schemas),
})

export const configurations: readonly Configuration[] = [
  { name: 'plain', properties: converters(true) },
  {
    name: 'texts',
    properties: {
      ...converters(true),
      'decimal.handling.mode': 'string',
      'time.precision.mode': 'isostring',
      'binary.handling.mode': 'base64',
      'hstore.handling.mode': 'map',
      'interval.handling.mode': 'string',
      'include.unknown.datatypes': 'true',
      'schema.name.adjustment.mode': 'avro',
      'field.name.adjustment.mode': 'avro',
      'unavailable.value.placeholder': 'gone',
    },
  },
  {
    name: 'doubles',
    properties: {
      ...converters(true),
      'decimal.handling.mode': 'double',
      'time.precision.mode': 'connect',
      'binary.handling.mode': 'hex',
      'include.unknown.datatypes': 'true',
      'money.fraction.digits': '3',
      'provide.transaction.metadata': 'true',
      'tombstones.on.delete': 'false',
      'skipped.operations': 'none',
      'column.propagate.source.type': '.*\\.types_number\\..*,.*\\.customers\\..*,.*\\.large\\..*',
    },
  },
  {
    name: 'micros',
    properties: {
      ...converters(false),
      'time.precision.mode': 'microseconds',
      'binary.handling.mode': 'base64-url-safe',
      'provide.transaction.metadata': 'true',
      'publish.via.partition.root': 'true',
      'message.prefix.include.list': 'app,other.*',
      'unavailable.value.placeholder': 'hex:00ff',
      'table.include.list': 'public\\.(?!excluded).*,inventory.orders',
    },
  },
  {
    name: 'nanos',
    properties: {
      ...converters(false),
      'time.precision.mode': 'nanoseconds',
      'schema.exclude.list': 'Odd Schema',
      'table.exclude.list': 'public.(excluded|late|types_.*)',
      'skip.messages.without.change': 'true',
      'column.exclude.list': 'public.quiet.unseen,public.secrets.phone',
      'message.key.columns': 'public.no_key:a,b;(.*).secrets:email,id',
      'column.mask.hash.SHA-256.with.salt.CzQMA0cB5K': 'public.secrets.card,public.secrets.salary',
      'column.mask.with.7.chars': 'public.secrets.email',
      'column.truncate.to.5.chars': 'public.secrets.comment',
      'message.prefix.exclude.list': 'bin',

      'topic.delimiter': '-',
      'skipped.operations': 'd,t',
    },
  },
  {
    name: 'adaptive',
    properties: {
      ...converters(true),
      'time.precision.mode': 'adaptive_time_microseconds',
      'table.include.list': 'public.(types_time|types_array|secrets|customers|no_key|done)',
      'column.mask.hash.v2.SHA-512.with.salt.CzQMA0cB5K': 'public.secrets.(card|phone|email)',
      'column.mask.with.0.chars': 'public.secrets.comment',
      'column.include.list': 'public.customers.(id|email|first_name),public.(types_.*|secrets|no_key|done)..*',
      'schema.name.adjustment.mode': 'avro_unicode',
      'topic.naming.strategy': 'io.debezium.schema.DefaultTopicNamingStrategy',
      'snapshot.mode': 'no_data',
      'datatype.propagate.source.type': '.*\\.varchar,.*\\.int4',
    },
  },
  {
    name: 'reselected',
    properties: {
      ...converters(false),
      'table.include.list': 'public.(large|done)',
      'xmin.fetch.interval.ms': '100',
      'post.processors': 'again',
      'again.type': 'io.debezium.processors.reselect.ReselectColumnsPostProcessor',
      'again.reselect.columns.include.list': 'public.large:(big|bytes|json|words|list|map)',
    },
  },
  {
    // A transform needs data, so that our events take the long way to their bytes.
    name: 'unwrapped',
    properties: {
      ...converters(true),
      'table.include.list': 'public.(customers|large|no_key|types_number|types_text|types_time|types_array|done)',
      transforms: 'unwrap',
      'transforms.unwrap.type': 'io.debezium.transforms.ExtractNewRecordState',
      'transforms.unwrap.add.fields': 'op,table,source.snapshot',
      'transforms.unwrap.add.headers': 'db',
      'transforms.unwrap.delete.tombstone.handling.mode': 'rewrite',
    },
  },
]
