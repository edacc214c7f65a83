import type { ConfigDef } from '../../src/config/config-def.ts'
import { configKeyInfos } from '../../src/config/config-infos.ts'
import { converterPlugins, headerConverterPlugins } from '../../src/converters/converters.ts'
import { JsonConverter } from '../../src/converters/json-converter.ts'
import { NumberText, parseJson } from '../../src/converters/json-text.ts'
import { writeSchemaless } from '../../src/converters/json-writer.ts'
import type { ConnectRecord, SchemaAndValue } from '../../src/data/record.ts'
import { predicatePlugins, transformPlugins } from '../../src/transforms/plugins.ts'
import { bytesText, type DataForm, dataText, type GoldenCase, type RecordForm } from './golden-case.ts'

// Null stays null, so that what a transform makes of a default value can be seen.
const typed = new JsonConverter({ 'schemas.enable': 'true', 'replace.null.with.default': 'false' })

/** What our classes make of a case, in the form of Java's outcome. */
export function ourOutcome(each: GoldenCase): { result: unknown } | { failed: string } {
  try {
    return { result: resultOf(each) }
  } catch (error) {
    return { failed: (error as Error).message }
  }
}

function resultOf({ does, class: className, config = {}, data, bytes, record }: GoldenCase): unknown {
  const given = bytes === null || bytes === undefined ? null : Buffer.from(bytes as string)
  switch (does) {
    case 'fromConnect':
      return bytesText(
        plugin(converterPlugins, className).create(config, { isKey: false }).fromConnect('topic', [], read(data)),
      )
    case 'toConnect':
      return write(plugin(converterPlugins, className).create(config, { isKey: false }).toConnect('topic', [], given))
    case 'fromHeader':
      return bytesText(
        plugin(headerConverterPlugins, className).create(config).fromConnectHeader('topic', 'name', read(data)),
      )
    case 'toHeader':
      return write(plugin(headerConverterPlugins, className).create(config).toConnectHeader('topic', 'name', given))
    case 'transform': {
      const result = plugin(transformPlugins, className).create(config).apply(recordOf(className, record!))
      return result === undefined ? null : writeRecord(result)
    }
    case 'test':
      return plugin(predicatePlugins, className).create(config).test(recordOf(className, record!))
    case 'configDef':
      return definitionOf(plugin([...headerConverterPlugins, ...transformPlugins, ...predicatePlugins], className))
    default:
      throw does satisfies never
  }
}

/** Names in order, as the comparison with Java has them in none. */
function definitionOf({ configDef }: { readonly configDef: ConfigDef }): unknown {
  const names = configKeyInfos(configDef).map((info) => {
    const { type, required, default_value, importance } = info
    return [info.name, { type, required, default: default_value, importance }]
  })
  // Kafka Connect sets the type itself; ours need not be told.
  return Object.fromEntries(names.filter(([name]) => name !== 'converter.type'))
}

function plugin<T extends { readonly classNames: readonly string[] }>(plugins: readonly T[], className: string): T {
  const found = plugins.find(({ classNames }) => classNames.includes(className))
  if (!found) throw new Error(`there is no plugin ${className}`)
  return found
}

/** Debezium's transforms are made for sources, whose records have no offset yet. */
function recordOf(className: string, form: RecordForm): ConnectRecord {
  const { topic, partition, offset, timestampMs, key, value, headers } = form
  return {
    topic: topic ?? 'topic',
    partition: partition ?? 0,
    ...(!className.startsWith('io.debezium') && { offset: offset ?? 0 }),
    timestampMs,
    key: read(key),
    value: read(value),
    headers: (headers ?? []).map((header) => ({ key: header.key, ...read(header.data) })),
  }
}

function writeRecord({ topic, partition, timestampMs, key, value, headers }: ConnectRecord): unknown {
  return {
    topic,
    partition: partition ?? null,
    timestampMs: timestampMs ?? null,
    key: write(key),
    value: write(value),
    headers: headers.map((header) => ({ key: header.key, data: write(header) })),
  }
}

function read(data: DataForm | undefined): SchemaAndValue {
  const text = dataText(data)
  const result = typed.toConnect('topic', [], text === null ? null : Buffer.from(text))
  return result.schema === undefined ? { schema: undefined, value: withDates(result.value) } : result
}

function write(data: SchemaAndValue): string | null {
  if (data.schema === undefined && (data.value === null || data.value === undefined)) return null
  if (data.schema === undefined) return `{"schema":null,"payload":${writeSchemaless(withoutDates(data.value))}}`
  return Buffer.from(typed.fromConnect('topic', [], data)!).toString()
}

/** A Date without a schema travels as `{"$date": milliseconds}`. */
function withDates(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withDates)
  if (typeof value !== 'object' || value === null) return value
  if ('$date' in value) return new Date(Number(value.$date))
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withDates(field)]))
}

function withoutDates(value: unknown): unknown {
  if (value instanceof Date) return { $date: value.getTime() }
  if (Array.isArray(value)) return value.map(withoutDates)
  if (typeof value !== 'object' || value === null || value instanceof Map || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withoutDates(field)]))
}

/** Data in JSON with names in order: Java's maps have none. Bytes stay as they are, and so does their order. */
export function comparable(outcome: unknown): unknown {
  if (typeof outcome === 'string') return outcome.startsWith('{"schema"') ? sorted(parseJson(outcome, true)) : outcome
  if (Array.isArray(outcome)) return outcome.map(comparable)
  if (typeof outcome !== 'object' || outcome === null) return outcome
  return Object.fromEntries(Object.entries(outcome).map(([name, value]) => [name, comparable(value)]))
}

function sorted(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof NumberText) return Number(value.text)
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, field]) => [name, sorted(field)] as const)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
