import type { ConfigOf } from '../../config/config-def.ts'
import { JavaRegex } from '../../data/java-regex.ts'
import type { ConnectHeader, ConnectRecord, SchemaAndValue } from '../../data/record.ts'
import type { ConnectField, ConnectSchema } from '../../data/schema.ts'
import { fieldOf, fieldValue, perSchema } from '../../data/schemas.ts'
import { reportNotice } from '../../runtime/diagnostics.ts'
import { failed, plugin, requireStruct } from '../plugin-makers.ts'
import { type AdditionalField, additionalFields, eventRouterConfig } from './event-router-config.ts'
import { expandJson } from './expand-json.ts'
import { parseProperties, reportTrace } from './tracing-context.ts'

const envelopesMax = 1_000
const textSchema: ConnectSchema = { type: 'string' }

type Config = ConfigOf<typeof eventRouterConfig.keys>

/** A row of the outbox: a struct's value and schema. */
interface Row {
  readonly schema: ConnectSchema
  readonly value: Readonly<Record<string, unknown>>
}

/**
 * Debezium's outbox event router: makes of the inserts that were captured from an outbox the events that they carry. Deletes
 * are what housekeeping leaves and come out as nothing. What is no change of a table, such as a heartbeat, passes.
 */
export const eventRouter = plugin('io.debezium.transforms.outbox.EventRouter', eventRouterConfig, (config) => {
  const router = new EventRouter(config)
  return (record) => router.apply(record)
})

class EventRouter {
  readonly #config: Config
  readonly #regex: JavaRegex
  readonly #replace: (text: string) => string
  readonly #additional: readonly AdditionalField[]
  readonly #hasEnvelope: boolean
  /** By the schema of the row, within by that of the payload, then by version and type of the aggregate. */
  readonly #envelopes = perSchema(() => perSchema(() => new Map<string, ConnectSchema>()))

  constructor(config: Config) {
    this.#config = config
    this.#regex = new JavaRegex(config['route.topic.regex'])
    this.#replace = this.#regex.replacer(config['route.topic.replacement'])
    this.#additional = additionalFields(config['table.fields.additional.placement'] ?? [])
    this.#hasEnvelope = this.#additional.some(({ placement }) => placement === 'envelope')
  }

  apply(record: ConnectRecord): ConnectRecord | undefined {
    const { schema, value } = record.value
    if (value === null || value === undefined) return undefined
    if (!schema?.name?.endsWith('.Envelope')) return record
    const envelope = requireStruct(record.value, 'EventRouter')
    if (envelope.op === 'd') return undefined
    if (envelope.op === 'u') return this.#unexpected(record)
    const after = fieldOf(schema, 'after')
    const row = after && { schema: after.schema, value: envelope.after }
    if (!row || row.value === null || row.value === undefined) throw failed('EventRouter: the change has no row')
    return this.#event(record, row as Row, envelope.ts_ms)
  }

  #unexpected(record: ConnectRecord): undefined {
    const message = `an outbox row was updated, which is no event (topic ${record.topic})`
    if (this.#config['table.op.invalid.behavior'] === 'fatal') throw failed(`EventRouter: ${message}`)
    reportNotice('EventRouter', message)
    return undefined
  }

  #event(record: ConnectRecord, row: Row, changedMs: unknown): ConnectRecord {
    const config = this.#config
    const payload = this.#payload(row)
    const id = column(row, config['table.field.event.id'])
    const key = column(row, config['table.field.event.key'])
    const routed = column(row, config['route.by.field']).value
    if (typeof routed !== 'string') throw failed(`EventRouter: ${config['route.by.field']} is not a text`)
    const placed = this.#additional.flatMap((each) => this.#place(row, each))
    const headers = placed.flatMap(({ placement, alias, data }) =>
      placement === 'header' ? [{ key: alias, ...data }] : [],
    )
    const partition = placed.findLast(({ placement }) => placement === 'partition')?.data.value
    const topic = this.#regex.matches(routed) ? this.#replace(routed) : routed
    return {
      ...record,
      topic,
      partition: partition === undefined || partition === null ? undefined : (partition as number),
      timestampMs: timestampOf(row, config['table.field.event.timestamp']) ?? millis(changedMs),
      key,
      value: this.#value(row, payload, placed, routed),
      headers: [...record.headers, { key: 'id', ...id }, ...headers, ...this.#trace(row, topic, String(id.value))],
    }
  }

  #payload(row: Row): SchemaAndValue {
    const config = this.#config
    const name = config['table.field.event.payload']
    const payload = column(row, name)
    if (!config['table.expand.json.payload'] || typeof payload.value !== 'string') return payload
    const expanded = expandJson(payload.value, name, {
      nulls: config['table.json.payload.null.behavior'],
      emptyArrays: config['table.json.payload.empty.array.behavior'],
    })
    return expanded ?? payload
  }

  #value(row: Row, payload: SchemaAndValue, placed: readonly Placed[], routed: string): SchemaAndValue {
    const { value } = payload
    const isEmpty = value === null || value === undefined || (typeof value === 'string' && value.trim() === '')
    const version = this.#hasEnvelope ? this.#version(row) : undefined
    if (isEmpty && this.#config['route.tombstone.on.empty.payload']) return { schema: undefined, value: null }
    if (!this.#hasEnvelope) return payload
    const inside = placed.filter(({ placement }) => placement === 'envelope')
    const values = [['payload', value], ...inside.map(({ alias, data }) => [alias, data.value])]
    // What is inside follows from the row's schema.
    const known = this.#envelopes(row.schema)(payload.schema!)
    const which = `${version} ${routed}`
    let schema = known.get(which)
    if (!schema) {
      schema = envelopeOf(row.schema, payload.schema!, inside, { routed, version })
      if (known.size >= envelopesMax) known.clear()
      known.set(which, schema)
    }
    return { schema, value: Object.fromEntries(values) }
  }

  #version(row: Row): number | undefined {
    const name = this.#config['table.field.event.schema.version']
    if (name === undefined) return undefined
    const { schema, value } = column(row, name)
    if (schema?.type !== 'int32') throw failed(`EventRouter: ${name} is not an int32`)
    return value as number
  }

  #place(row: Row, additional: AdditionalField): Placed[] {
    const { field, placement } = additional
    if (!fieldOf(row.schema, field) && this.#config['table.field.additional.missing'] === 'ignore') return []
    const data = column(row, field)
    if (placement === 'partition' && data.schema?.type !== 'int32')
      throw failed(`EventRouter: ${field} is not an int32`)
    return [{ ...additional, data }]
  }

  /** The writer's context becomes headers, so that readers go on with its trace. */
  #trace(row: Row, topic: string, eventId: string): ConnectHeader[] {
    const config = this.#config
    const found = fieldOf(row.schema, config['tracing.span.context.field'])
    const text = found && fieldValue(row.value, found, true)
    const context = typeof text === 'string' ? parseProperties(text) : {}
    const names = Object.keys(context)
    if (names.length > 0 || !config['tracing.with.context.field.only']) {
      reportTrace({ operation: config['tracing.operation.name'], topic, eventId, context })
    }
    return names.map((key) => ({ key, schema: textSchema, value: context[key] }))
  }
}

interface Placed extends AdditionalField {
  readonly data: SchemaAndValue
}

function column(row: Row, name: string): SchemaAndValue {
  const field = fieldOf(row.schema, name)
  if (!field) throw failed(`EventRouter: the outbox has no column ${name}`)
  return { schema: field.schema, value: fieldValue(row.value, field, true) }
}

const divisors: Readonly<Record<string, bigint>> = {
  'io.debezium.time.Timestamp': 1n,
  'io.debezium.time.MicroTimestamp': 1_000n,
  'io.debezium.time.NanoTimestamp': 1_000_000n,
}

function timestampOf(row: Row, name: string | undefined): number | undefined {
  if (name === undefined) return undefined
  const { schema, value } = column(row, name)
  if (schema?.type !== 'int64') throw failed(`EventRouter: ${name} is not an int64`)
  if (value === null || value === undefined) return undefined
  const divisor = divisors[schema.name ?? '']
  if (divisor === undefined) {
    throw failed(`EventRouter: ${name} is none of ${Object.keys(divisors).join(', ')}, so what it counts is unknown`)
  }
  return Number(BigInt(value as bigint) / divisor)
}

function millis(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value)
}

/** The routed value stands before the last part of the table's schema name: `server.schema.<routed>.Value`. */
function schemaName(table: string | undefined, routed: string): string {
  if (table === undefined) return routed
  const dot = table.lastIndexOf('.')
  return `${table.slice(0, dot + 1)}${routed}.${table.slice(dot + 1)}`
}

function envelopeOf(
  row: ConnectSchema,
  payload: ConnectSchema,
  inside: readonly Placed[],
  { routed, version }: { readonly routed: string; readonly version: number | undefined },
): ConnectSchema {
  const fields: ConnectField[] = [
    { name: 'payload', schema: payload },
    ...inside.map(({ alias, data }) => ({ name: alias, schema: data.schema! })),
  ]
  return { type: 'struct', name: schemaName(row.name, routed), ...(version !== undefined && { version }), fields }
}
