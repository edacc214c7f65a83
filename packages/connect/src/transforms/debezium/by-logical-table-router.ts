import { type ConfigOf, configDef } from '../../config/config-def.ts'
import { nonEmpty } from '../../config/config-key.ts'
import { JavaRegex, validRegex } from '../../data/java-regex.ts'
import type { ConnectRecord, SchemaAndValue } from '../../data/record.ts'
import type { ConnectSchema } from '../../data/schema.ts'
import { fieldOf, fieldValue, perSchema } from '../../data/schemas.ts'
import { isNothing, plugin, requireStruct } from '../plugin-makers.ts'
import { debeziumPackage, envelopeOf, withoutName } from './envelope.ts'

const cacheSize = {
  type: 'int',
  default: 16,
  importance: 'low',
  doc: 'Schemas are kept as long as those that they were made of.',
  withoutEffect: true,
} as const

const keys = {
  'topic.regex': {
    type: 'string',
    valid: [nonEmpty, validRegex],
    importance: 'low',
    doc: 'What a topic must match as a whole.',
  },
  'topic.replacement': {
    type: 'string',
    valid: nonEmpty,
    importance: 'low',
    doc: 'The new topic; $1 stands for a group.',
  },
  'key.enforce.uniqueness': {
    type: 'boolean',
    default: true,
    importance: 'low',
    doc: 'Whether keys say which topic they come from, so that those of two tables differ.',
  },
  'key.field.name': {
    type: 'string',
    default: '__dbz__physicalTableIdentifier',
    importance: 'low',
    doc: 'The field of the key that says it.',
  },
  'key.field.regex': {
    type: 'string',
    default: null,
    valid: validRegex,
    importance: 'low',
    doc: 'What of the old topic stands there.',
  },
  'key.field.replacement': { type: 'string', default: null, importance: 'low', doc: 'With key.field.regex.' },
  'schema.name.adjustment.mode': {
    type: 'string',
    oneOf: ['none', 'avro'],
    ignoreCase: true,
    default: 'none',
    importance: 'low',
    doc: 'Whether names of schemas are made fit for Avro.',
  },
  'logical.table.cache.size': cacheSize,
  'logical.destination.cache.size': cacheSize,
} as const

const definition = configDef(keys, {
  rules: [
    {
      name: 'key.field.replacement',
      problem: (values) => {
        const isMissing = (values['key.field.regex'] ?? '') !== '' && (values['key.field.replacement'] ?? '') === ''
        return isMissing ? 'it must not be empty where key.field.regex is given' : undefined
      },
    },
  ],
})

type Config = ConfigOf<typeof definition.keys>

/** Sends the events of several tables to one topic, such as those of shards. */
export const byLogicalTableRouter = plugin(`${debeziumPackage}.ByLogicalTableRouter`, definition, create)

function create(config: Config): (record: ConnectRecord) => ConnectRecord {
  const router = new LogicalTableRouter(config)
  return (record) => router.apply(record)
}

class LogicalTableRouter {
  readonly #config: Config
  readonly #topic: Replacement
  readonly #identifier: Replacement
  readonly #keySchemas = perTopic((schema, topic) => this.#keySchema(schema, topic))
  readonly #envelopes = perTopic((schema, topic) => this.#envelopeSchema(schema, topic))

  constructor(config: Config) {
    this.#config = config
    this.#topic = replacement(config['topic.regex'], config['topic.replacement'])
    const regex = config['key.field.regex'] ?? ''
    this.#identifier = regex === '' ? () => undefined : replacement(regex, config['key.field.replacement']!)
  }

  apply(record: ConnectRecord): ConnectRecord {
    const topic = this.#topic(record.topic)
    if (topic === undefined || topic === '') return record
    const key = isNothing(record.key) ? { schema: undefined, value: null } : this.#key(record, topic)
    const envelope = envelopeOf(record.value)
    if (!envelope) return { ...record, topic, key }
    const schema = this.#envelopes(envelope.schema, topic)
    const fields = (envelope.schema.fields ?? []).map((field) => [field.name, fieldValue(envelope.value, field, true)])
    return { ...record, topic, key, value: { schema, value: Object.fromEntries(fields) } }
  }

  #key({ key, topic: oldTopic }: ConnectRecord, topic: string): SchemaAndValue {
    const value = requireStruct(key, 'the key of a routed event')
    const schema = this.#keySchemas(key.schema!, topic)
    if (!this.#config['key.enforce.uniqueness']) return { schema, value }
    const identifier = this.#identifier(oldTopic) ?? oldTopic
    return { schema, value: { ...value, [this.#config['key.field.name']]: identifier } }
  }

  #keySchema(schema: ConnectSchema, topic: string): ConnectSchema {
    const added = { name: this.#config['key.field.name'], schema: { type: 'string' } as const }
    const fields = [...(schema.fields ?? []), ...(this.#config['key.enforce.uniqueness'] ? [added] : [])]
    return { ...withoutName(schema), name: this.#adjusted(`${topic}.Key`), fields }
  }

  #envelopeSchema(schema: ConnectSchema, topic: string): ConnectSchema {
    const row = (fieldOf(schema, 'before') ?? fieldOf(schema, 'after'))?.schema
    const newRow = row && { ...withoutName(row), name: this.#adjusted(`${topic}.Value`) }
    const fields = (schema.fields ?? []).map((field) => {
      return newRow && (field.name === 'before' || field.name === 'after') ? { ...field, schema: newRow } : field
    })
    return { ...withoutName(schema), name: this.#adjusted(`${topic}.Envelope`), fields }
  }

  /** Avro's names have letters, digits and underscores, with dots between. */
  #adjusted(name: string): string {
    if (this.#config['schema.name.adjustment.mode'] === 'none') return name
    return name.replace(/[^A-Za-z0-9_.]/g, '_').replace(/^(?=[^A-Za-z_])/, '_')
  }
}

type Replacement = (topic: string) => string | undefined

/** Undefined where the regex does not match. */
function replacement(pattern: string, text: string): Replacement {
  const regex = new JavaRegex(pattern)
  const replace = regex.replacer(text)
  return (topic) => (regex.matches(topic) ? replace(topic) : undefined)
}

function perTopic(
  make: (schema: ConnectSchema, topic: string) => ConnectSchema,
): (schema: ConnectSchema, topic: string) => ConnectSchema {
  const bySchema = perSchema((_schema) => new Map<string, ConnectSchema>())
  return (schema, topic) => {
    const byTopic = bySchema(schema)
    let made = byTopic.get(topic)
    if (!made) {
      made = make(schema, topic)
      byTopic.set(topic, made)
    }
    return made
  }
}
