import { type ConfigOf, type ConfigRule, configDef } from '../../config/config-def.ts'
import type { Validator } from '../../config/config-key.ts'
import { logicalNames } from '../../data/logical-types.ts'
import type { ConnectRecord } from '../../data/record.ts'
import { fieldValue, ownValue } from '../../data/schemas.ts'
import { failed, plugin } from '../plugin-makers.ts'
import { debeziumPackage, type Envelope, envelopeOf, structIn } from './envelope.ts'
import { offsetText, TimeZone } from './time-zone.ts'

const validZone = ((name: string) => {
  try {
    new TimeZone(name)
    return undefined
  } catch {
    return 'neither a time zone like America/Los_Angeles nor an offset like +08:00'
  }
}) as Validator

const firstRule = /^[".\w\s]+:[".\w\s]+(:[".\w\s]+)?$/
const laterRule = /^[".\w\s]+(:[".\w\s]+)?$/

/** Only the first rule may have a prefix and a field; its prefix holds for those after it. */
const validRules = ((items: readonly string[]) => {
  const wrong = items.find((item, index) => !(index === 0 ? firstRule : laterRule).test(item))
  if (wrong === undefined) return undefined
  return `${wrong} is not source:table or topic:name, either with a field in the first rule, nor name:field`
}) as Validator

const oneList: ConfigRule = {
  name: 'exclude.list',
  problem: ({ 'include.list': include, 'exclude.list': exclude }) => {
    const isGiven = (list: unknown) => Array.isArray(list) && list.length > 0
    return isGiven(include) && isGiven(exclude) ? 'it cannot be given beside include.list' : undefined
  },
}

const keys = {
  'converted.timezone': { type: 'string', valid: validZone, importance: 'high', doc: 'The time zone to convert to.' },
  'include.list': {
    type: 'list',
    default: [],
    valid: validRules,
    importance: 'high',
    doc: 'What to convert: source:<table>, topic:<topic>, either with :<field>, or <table or topic>:<field>.',
  },
  'exclude.list': {
    type: 'list',
    default: [],
    valid: validRules,
    importance: 'high',
    doc: 'What not to, in the same form.',
  },
} as const

const definition = configDef(keys, { rules: [oneList] })

const debeziumTime = 'io.debezium.time.'
const epochFields = new Set(['ts_ms', 'ts_us', 'ts_ns'])
const perMilli = { ts_ms: 1n, ts_us: 1000n, ts_ns: 1_000_000n } as const

type Part = 'before' | 'after' | 'source'
/** Whether a field of a part of the event is converted. */
type Choice = (part: Part, name: string) => boolean

/** Gives fields with a date and time another time zone. */
export const timezoneConverter = plugin(`${debeziumPackage}.TimezoneConverter`, definition, (config) => {
  const zone = new TimeZone(config['converted.timezone'])
  const choices = new Choices(config)
  return (record) => {
    const envelope = envelopeOf(record.value)
    const choice = envelope && choices.of(record, envelope)
    if (!envelope || !choice) return record
    const parts = (['before', 'after', 'source'] as const).flatMap((name) => {
      const part = structIn(envelope, name)
      return part ? [[name, converted(part, name, choice, zone)]] : []
    })
    return { ...record, value: { schema: envelope.schema, value: { ...envelope.value, ...Object.fromEntries(parts) } } }
  }
})

/** What the lists say of tables and topics. */
class Choices {
  readonly #isExclude: boolean
  readonly #isEmpty: boolean
  readonly #byTopic = new Map<string, Set<string>>()
  readonly #byTable = new Map<string, Set<string>>()
  readonly #byName = new Map<string, Set<string>>()

  constructor(config: ConfigOf<typeof definition.keys>) {
    const { 'include.list': include, 'exclude.list': exclude } = config
    this.#isExclude = exclude.length > 0
    this.#isEmpty = include.length === 0 && exclude.length === 0
    let prefix: string | undefined
    for (const item of this.#isExclude ? exclude : include) {
      const steps = item.split(':')
      const hasPrefix = /^(source|topic)$/i.test(steps[0]!)
      // A prefix holds for the items after it, too.
      if (hasPrefix) prefix = steps.shift()!.toLowerCase()
      const [name = '', field] = steps
      const map = prefix === 'topic' ? this.#byTopic : prefix === 'source' ? this.#byTable : this.#byName
      const fields = map.get(name) ?? new Set()
      map.set(name, fields)
      if (field !== undefined) fields.add(field)
    }
  }

  /** Undefined where nothing is converted. */
  of({ topic }: ConnectRecord, envelope: Envelope): Choice | undefined {
    const source = structIn(envelope, 'source')
    const table = String(source ? ownValue(source.value, 'table') : '')
    const fields =
      this.#byTopic.get(topic) ?? this.#byTable.get(table) ?? this.#byName.get(topic) ?? this.#byName.get(table)
    const all: Choice = (part) => part !== 'source'
    if (this.#isEmpty) return all
    if (!fields) return this.#isExclude ? all : undefined
    if (fields.size === 0) return this.#isExclude ? undefined : all
    return this.#isExclude ? allBut(fields) : only(fields)
  }
}

function only(fields: ReadonlySet<string>): Choice {
  return (part, name) => fields.has(`${part}.${name}`) || (part !== 'source' && fields.has(name))
}

/** Of `source`, only where one of its fields is named: those that are not. */
function allBut(fields: ReadonlySet<string>): Choice {
  const named = only(fields)
  const hasSource = Array.from(fields).some((field) => field.startsWith('source.'))
  return (part, name) => (part !== 'source' || hasSource) && !named(part, name)
}

function converted({ schema, value }: Envelope, part: Part, choice: Choice, zone: TimeZone): object {
  const entries = (schema.fields ?? []).map((field) => {
    const own = fieldValue(value, field, true)
    if (own === null || !choice(part, field.name)) return [field.name, ownValue(value, field.name)]
    const { name } = field.schema
    const isEpoch = part === 'source' && name === undefined && epochFields.has(field.name)
    if (isEpoch) return [field.name, shiftedEpoch(field.name as keyof typeof perMilli, own, zone)]
    return [field.name, name === undefined ? ownValue(value, field.name) : inZone(name, own, zone)]
  })
  return Object.fromEntries(entries)
}

function shiftedEpoch(name: keyof typeof perMilli, value: unknown, zone: TimeZone): unknown {
  if (typeof value !== 'bigint') throw failed(`TimezoneConverter: source.${name} is no int64`)
  return value + BigInt(zone.atInstant(Number(value / perMilli[name]))) * perMilli[name]
}

function inZone(schemaName: string, value: unknown, zone: TimeZone): unknown {
  switch (schemaName) {
    case `${debeziumTime}ZonedTimestamp`:
      return zonedTimestamp(value as string, zone)
    case `${debeziumTime}ZonedTime`:
      return zonedTime(value as string, zone)
    case `${debeziumTime}MicroTimestamp`:
      return localAsInstant(value as bigint, 1000n, zone)
    case `${debeziumTime}NanoTimestamp`:
      return localAsInstant(value as bigint, 1_000_000n, zone)
    case `${debeziumTime}Timestamp`:
    case logicalNames.timestamp:
      return localAsInstant(value as bigint, 1n, zone)
    default:
      return value
  }
}

/** A local time without zone becomes the instant that it is in this one. */
function localAsInstant(value: bigint, unitsPerMilli: bigint, zone: TimeZone): bigint {
  const millis = Number(value / unitsPerMilli)
  return value - BigInt(zone.atLocal(millis)) * unitsPerMilli
}

const isoTime = /^(?:(.*)T)?(\d{2}:\d{2}(?::\d{2})?)(\.\d+)?(Z|[+-]\d{2}:\d{2}(?::\d{2})?)$/

function zonedTimestamp(text: string, zone: TimeZone): string {
  const [, date, time, fraction = '', offset] = isoTime.exec(text) ?? []
  const local = Date.parse(`${date}T${time?.padEnd(8, ':00')}Z`)
  if (Number.isNaN(local) || offset === undefined)
    throw failed('TimezoneConverter: a time with zone that is not in ISO 8601')
  const instant = local - offsetMs(offset)
  // Debezium asks for the offset at the local time of the text, not at its instant.
  const shift = zone.atLocal(local)
  return `${new Date(instant + shift).toISOString().slice(0, -5)}${trimmed(fraction)}${offsetText(shift)}`
}

function zonedTime(text: string, zone: TimeZone): string {
  const [, date, time, fraction = '', offset] = isoTime.exec(text) ?? []
  if (date !== undefined || time === undefined || offset === undefined) {
    throw failed('TimezoneConverter: a time of day with zone that is not in ISO 8601')
  }
  const shift = zone.atInstant(Date.now())
  const local = Date.parse(`1970-01-02T${time.padEnd(8, ':00')}Z`) - offsetMs(offset) + shift
  return `${new Date(local).toISOString().slice(11, 19)}${trimmed(fraction)}${offsetText(shift)}`
}

function offsetMs(text: string): number {
  return text === 'Z' ? 0 : new TimeZone(text).atInstant(0)
}

function trimmed(fraction: string): string {
  return fraction.replace(/\.?0+$/, '')
}
