import { type ConfigOf, configDef } from '../../config/config-def.ts'
import type { Validator } from '../../config/config-key.ts'
import type { ConnectHeader, ConnectRecord, SchemaAndValue } from '../../data/record.ts'
import type { ConnectSchema } from '../../data/schema.ts'
import { copyBasics, fieldOf, fieldValue, ownValue, perSchema, setField, structValue } from '../../data/schemas.ts'
import { failed, isNothing, isObject, plugin } from '../plugin-makers.ts'
import { debeziumPackage, type Envelope, envelopeOf, structIn } from './envelope.ts'
import {
  type FieldReference,
  parseReference,
  referenced,
  referencedSchema,
  referencedValue,
} from './field-references.ts'

const validReferences = ((items: readonly string[]) => {
  const wrong = items.find((item) => parseReference(item, '') === undefined)
  return wrong === undefined ? undefined : `${wrong} is not a field like op, source.lsn or table:NEW_NAME`
}) as Validator

const replaced = 'delete.tombstone.handling.mode has taken its place'

const definition = configDef({
  'delete.tombstone.handling.mode': {
    type: 'string',
    oneOf: ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'],
    ignoreCase: true,
    default: 'tombstone',
    importance: 'medium',
    doc: 'What becomes of deletes and of the tombstones after them.',
  },
  'route.by.field': { type: 'string', default: '', importance: 'low', doc: 'The column that names the topic.' },
  'add.fields.prefix': {
    type: 'string',
    default: '__',
    importance: 'low',
    doc: 'What names of added fields begin with.',
  },
  'add.fields': {
    type: 'list',
    default: [],
    valid: validReferences,
    importance: 'low',
    doc: 'Fields of the event to add to the row: op, table, source.lsn, ts_ms:EVENT_TIME.',
  },
  'add.headers.prefix': {
    type: 'string',
    default: '__',
    importance: 'low',
    doc: 'What names of added headers begin with.',
  },
  'add.headers': { type: 'list', default: [], valid: validReferences, importance: 'low', doc: 'The same for headers.' },
  'drop.fields.header.name': {
    type: 'string',
    default: null,
    importance: 'low',
    doc: 'The header that lists fields to leave out.',
  },
  'drop.fields.from.key': {
    type: 'boolean',
    default: false,
    importance: 'low',
    doc: 'Whether the key loses them too.',
  },
  'drop.fields.keep.schema.compatible': {
    type: 'boolean',
    default: true,
    importance: 'low',
    doc: 'Whether only optional fields are left out, so that schemas stay compatible.',
  },
  'replace.null.with.default': {
    type: 'boolean',
    default: true,
    importance: 'low',
    doc: "Whether a column's default stands in for null where events are rewritten.",
  },
  'drop.tombstones': { type: 'boolean', default: null, importance: 'low', doc: '', notSupported: replaced },
  'delete.handling.mode': { type: 'string', default: null, importance: 'low', doc: '', notSupported: replaced },
})

type Config = ConfigOf<typeof definition.keys>

const deletedField = '__deleted'
const operationSchema: ConnectSchema = { type: 'string' }

/** Makes of a change event the row as it is now, and of a delete a tombstone, nothing, or a row that says so. */
export const extractNewRecordState = plugin(`${debeziumPackage}.ExtractNewRecordState`, definition, (config) => {
  const extract = new NewRecordState(config)
  return (record) => extract.apply(record)
})

class NewRecordState {
  readonly #config: Config
  readonly #mode: Config['delete.tombstone.handling.mode']
  readonly #fields: readonly FieldReference[]
  readonly #headers: readonly FieldReference[]
  readonly #rewritten = perSchema((schema) => withField(schema, deletedField, { type: 'string', optional: true }))
  /** Schemas of rows with added fields: by the row's, within an envelope's. */
  readonly #added = perSchema((envelope) => perSchema((row) => this.#withAdded(row, envelope)))

  /** Schemas of rows without some fields, by the names of the others. */
  readonly #remaining = perSchema(() => new Map<string, ConnectSchema>())

  constructor(config: Config) {
    this.#config = config
    this.#mode = config['delete.tombstone.handling.mode']
    this.#fields = config['add.fields'].map((text) => parseReference(text, config['add.fields.prefix'])!)
    this.#headers = config['add.headers'].map((text) => parseReference(text, config['add.headers.prefix'])!)
  }

  apply(record: ConnectRecord): ConnectRecord | undefined {
    if (isNothing(record.value)) {
      const headers = [...record.headers, ...this.#tombstoneHeaders()]
      return this.#mode === 'rewrite-with-tombstone' ? { ...record, headers } : undefined
    }
    const envelope = envelopeOf(record.value)
    if (!envelope) return record
    const headers = [...record.headers, ...this.#addedHeaders(envelope)]
    const [before, after] = [structIn(envelope, 'before'), structIn(envelope, 'after')]
    const row = after ?? before
    // Of a table that was emptied there is no row.
    if (!row) return undefined
    const value = after ? this.#changed(envelope, after) : this.#deleted(envelope, row)
    if (!value) return undefined
    return this.#withoutDropped({ ...record, topic: this.#topic(record, row), value, headers })
  }

  #changed(envelope: Envelope, after: Envelope): SchemaAndValue {
    return this.#withFields(envelope, this.#isRewriting ? this.#marked(after, 'false') : after)
  }

  #deleted(envelope: Envelope, before: Envelope): SchemaAndValue | undefined {
    switch (this.#mode) {
      case 'drop':
        return undefined
      case 'tombstone':
        return { schema: fieldOf(envelope.schema, 'after')?.schema, value: null }
      case 'delete-to-tombstone':
        return { schema: undefined, value: null }
      case 'rewrite':
      case 'rewrite-with-tombstone':
        return this.#withFields(envelope, this.#marked(before, 'true'))
      default:
        throw this.#mode satisfies never
    }
  }

  get #isRewriting(): boolean {
    return this.#mode === 'rewrite' || this.#mode === 'rewrite-with-tombstone'
  }

  #marked(row: Envelope, isDeleted: 'true' | 'false'): Envelope {
    const withDefault = this.#config['replace.null.with.default']
    const value = structValue(row.schema.fields, (field) => fieldValue(row.value, field, withDefault))
    setField(value, deletedField, isDeleted)
    return { schema: this.#rewritten(row.schema), value }
  }

  #withFields(envelope: Envelope, row: Envelope): SchemaAndValue {
    const schema = this.#added(envelope.schema)(row.schema)
    const value = structValue(row.schema.fields, ({ name }) => ownValue(row.value, name))
    for (const reference of this.#fields) {
      if (referencedSchema(envelope.schema, reference) === undefined) continue
      setField(value, reference.newName, referencedValue(envelope, reference))
    }
    return { schema, value }
  }

  #withAdded(row: ConnectSchema, envelope: ConnectSchema): ConnectSchema {
    let schema: ConnectSchema = { type: 'struct', ...copyBasics(row), fields: row.fields ?? [] }
    for (const reference of this.#fields) {
      const own = referencedSchema(envelope, reference)
      if (own) schema = withField(schema, reference.newName, own)
    }
    return schema
  }

  #addedHeaders(envelope: Envelope): ConnectHeader[] {
    return this.#headers.flatMap((reference) => {
      const data = referenced(envelope, reference)
      return data ? [{ key: reference.newName, ...data }] : []
    })
  }

  #tombstoneHeaders(): ConnectHeader[] {
    const operations = this.#headers.filter(({ field }) => field === 'op')
    return operations.map(({ newName }) => ({ key: newName, schema: operationSchema, value: 'd' }))
  }

  #topic(record: ConnectRecord, row: Envelope): string {
    const name = this.#config['route.by.field']
    if (name === '') return record.topic
    if (fieldOf(row.schema, name)?.schema.type !== 'string') throw failed(`route.by.field: there is no text in ${name}`)
    const topic = ownValue(row.value, name)
    return typeof topic === 'string' && topic.trim() !== '' ? topic : record.topic
  }

  #withoutDropped(record: ConnectRecord): ConnectRecord {
    const headerName = this.#config['drop.fields.header.name']
    const names = headerName && record.headers.find(({ key }) => key === headerName)?.value
    if (!Array.isArray(names) || names.length === 0) return record
    const key = this.#config['drop.fields.from.key'] ? this.#without(record.key, names) : record.key
    return { ...record, key, value: this.#without(record.value, names) }
  }

  #without(data: SchemaAndValue, names: readonly unknown[]): SchemaAndValue {
    const { schema, value } = data
    if (schema?.type !== 'struct' || !isObject(value)) return data
    const mayGo = (optional: boolean | undefined) => optional || !this.#config['drop.fields.keep.schema.compatible']
    const fields = (schema.fields ?? []).filter(
      ({ name, schema: own }) => !(names.includes(name) && mayGo(own.optional)),
    )
    if (fields.length === schema.fields?.length) return data
    const known = this.#remaining(schema)
    const left = fields.map(({ name }) => name).join('\n')
    let remaining = known.get(left)
    if (!remaining) {
      remaining = { type: 'struct', ...copyBasics(schema), fields }
      known.set(left, remaining)
    }
    return { schema: remaining, value: structValue(fields, (field) => fieldValue(value, field, true)) }
  }
}

function withField(schema: ConnectSchema, name: string, own: ConnectSchema): ConnectSchema {
  if (fieldOf(schema, name)) throw failed(`the row has a field ${name} already`)
  const fields = [...(schema.fields ?? []), { name, schema: own }]
  return { type: 'struct', ...copyBasics(schema), fields }
}
