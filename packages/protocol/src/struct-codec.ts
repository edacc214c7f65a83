import { protocolError } from './errors.ts'
import type { Reader } from './reader.ts'
import { type FieldSchema, includesVersion } from './schema.ts'
import {
  arrayCodec,
  defaultOf,
  isDefault,
  nullableStructCodec,
  primitiveCodec,
  type ValueCodec,
} from './value-codec.ts'
import { Writer } from './writer.ts'

type Fields = Record<PropertyKey, unknown>

interface FieldCodec {
  readonly field: FieldSchema
  readonly name: string
  readonly codec: ValueCodec
}

/** Tagged fields that the definition does not know, by tag; present on a decoded struct only when there were any. */
export const unknownTaggedFields = Symbol('unknown tagged fields')

/** Builds the codec of a struct in one version; nested structs are built with it. */
export function structCodec(fields: readonly FieldSchema[], version: number, flexible: boolean): ValueCodec {
  const regular: FieldCodec[] = []
  const tagged: FieldCodec[] = []
  const absent: FieldSchema[] = []
  for (const field of fields) {
    const inVersion = includesVersion(field.versions, version)
    const isTagged = flexible && field.tag >= 0 && includesVersion(field.tagged, version)
    if (!inVersion && !isTagged) absent.push(field)
    else (isTagged ? tagged : regular).push({ field, name: field.name, codec: fieldCodec(field, version, flexible) })
  }
  tagged.sort((a, b) => a.field.tag - b.field.tag)
  const makeDefaults = defaultsMaker(fields, new Set(regular.map((one) => one.field)))
  const minBytes = regular.reduce((sum, one) => sum + one.codec.minBytes, flexible ? 1 : 0)
  return {
    minBytes,
    read(reader) {
      const value = makeDefaults()
      for (let index = 0; index < regular.length; index++) {
        const { name, codec } = regular[index]!
        value[name] = codec.read(reader)
      }
      if (flexible) readTagged(reader, value, tagged)
      return value
    },
    write(writer, input) {
      if (typeof input !== 'object' || input === null) throw new TypeError('expected an object with fields')
      const value = input as Fields
      for (let index = 0; index < regular.length; index++) writeField(writer, regular[index]!, value)
      for (let index = 0; index < absent.length; index++) checkAbsent(absent[index]!, value, version)
      if (flexible) writeTagged(writer, tagged, value)
    },
  }
}

function fieldCodec(field: FieldSchema, version: number, structFlexible: boolean): ValueCodec {
  const flexible = field.flexible === undefined ? structFlexible : includesVersion(field.flexible, version)
  const nullable = includesVersion(field.nullable, version)
  if (field.type !== '{}') {
    if (!field.isArray) return primitiveCodec(field.type, nullable, flexible)
    return arrayCodec(primitiveCodec(field.type, false, flexible), nullable, flexible)
  }
  const struct = structCodec(field.fields, version, flexible)
  if (field.isArray) return arrayCodec(struct, nullable, flexible)
  return nullable ? nullableStructCodec(struct) : struct
}

/**
 * Makes objects that hold every field of all versions in one hidden class. Fields that `read` fills are left at
 * undefined; defaults that are objects are made anew, so that no two messages share one.
 */
function defaultsMaker(fields: readonly FieldSchema[], filled: ReadonlySet<FieldSchema>): () => Fields {
  const template: Fields = {}
  const fresh: FieldSchema[] = []
  for (const field of fields) {
    const value = filled.has(field) ? undefined : defaultOf(field)
    template[field.name] = value
    if (typeof value === 'object' && value !== null) fresh.push(field)
  }
  if (fresh.length === 0) return () => ({ ...template })
  return () => {
    const value = { ...template }
    for (const field of fresh) value[field.name] = defaultOf(field)
    return value
  }
}

function writeField(writer: Writer, one: FieldCodec, value: Fields): void {
  const set = value[one.name]
  try {
    one.codec.write(writer, set === undefined ? defaultOf(one.field) : set)
  } catch (error) {
    throw namingField(error, one.name)
  }
}

/** Prefixes the field's name, so that the message ends up naming the whole path. */
function namingField(error: unknown, name: string): unknown {
  if (error instanceof TypeError || error instanceof RangeError) error.message = `${name}: ${error.message}`
  return error
}

function checkAbsent(field: FieldSchema, value: Fields, version: number): void {
  const set = value[field.name]
  if (set === undefined || field.ignorable || isDefault(field, set)) return
  const message = `version ${version} cannot carry the field ${field.name}`
  throw protocolError('PROTOCOL_UNSUPPORTED_FIELD', message, { field: field.name, version })
}

function readTagged(reader: Reader, value: Fields, tagged: readonly FieldCodec[]): void {
  const count = reader.unsignedVarint()
  for (let index = 0; index < count; index++) {
    const tag = reader.unsignedVarint()
    const size = reader.unsignedVarint()
    const known = tagged.find((one) => one.field.tag === tag)
    if (!known) {
      value[unknownTaggedFields] ??= new Map<number, Buffer>()
      const unknown = value[unknownTaggedFields] as Map<number, Buffer>
      unknown.set(tag, reader.bytes(size))
      continue
    }
    const end = reader.position + size
    value[known.name] = known.codec.read(reader)
    if (reader.position !== end) {
      throw protocolError('PROTOCOL_MALFORMED', `tagged field ${known.name} is not as long as it says`, { tag, size })
    }
  }
}

function writeTagged(writer: Writer, tagged: readonly FieldCodec[], value: Fields): void {
  const present = tagged.filter((one) => !isDefault(one.field, value[one.name]))
  const unknown = value[unknownTaggedFields] as ReadonlyMap<number, Buffer> | undefined
  writer.unsignedVarint(present.length + (unknown?.size ?? 0))
  const entries: [number, Buffer][] = present.map((one) => {
    const scratch = new Writer()
    writeField(scratch, one, value)
    return [one.field.tag, scratch.written()]
  })
  if (unknown) entries.push(...unknown)
  entries.sort(([a], [b]) => a - b)
  for (const [tag, bytes] of entries) {
    writer.unsignedVarint(tag)
    writer.unsignedVarint(bytes.length)
    writer.bytes(bytes)
  }
}
