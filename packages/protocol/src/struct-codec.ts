import { defaultMaker, defaultTest, type Fields, structDefaultMaker } from './defaults.ts'
import { protocolError } from './errors.ts'
import type { Reader } from './reader.ts'
import { type FieldSchema, includesVersion } from './schema.ts'
import { arrayCodec, messageTextCodec, nullableStructCodec, primitiveCodec, type ValueCodec } from './value-codec.ts'
import { type Writer, withWriter } from './writer.ts'

/** A field that the version carries. */
interface FieldCodec {
  readonly name: string
  readonly tag: number
  readonly codec: ValueCodec
  readonly makeDefault: () => unknown
  readonly isDefault: (value: unknown) => boolean
}

/** A field that the version cannot carry and that must not be dropped silently. */
interface AbsentField {
  readonly name: string
  readonly isDefault: (value: unknown) => boolean
}

/** Tagged fields that the definition does not know, by tag; present on a decoded struct only when there were any. */
export const unknownTaggedFields = Symbol('unknown tagged fields')

/** A map entry and a view. */
const unknownTagHeapBytes = 200

/** Builds the codec of a struct in one version; nested structs are built with it. */
export function structCodec(fields: readonly FieldSchema[], version: number, flexible: boolean): ValueCodec {
  const regular: FieldCodec[] = []
  const tagged: FieldCodec[] = []
  const absent: AbsentField[] = []
  const filled = new Set<FieldSchema>()
  for (const field of fields) {
    const { name, tag } = field
    const isTagged = flexible && includesVersion(field.tagged, version)
    const test = defaultTest(field)
    if (isTagged || includesVersion(field.versions, version)) {
      const codec = fieldCodec(field, version, { flexible, isTagged })
      const one: FieldCodec = { name, tag, codec, makeDefault: defaultMaker(field), isDefault: test }
      ;(isTagged ? tagged : regular).push(one)
      if (!isTagged) filled.add(field)
    } else if (!field.ignorable) absent.push({ name, isDefault: test })
  }
  tagged.sort((a, b) => a.tag - b.tag)
  const makeDefaults = structDefaultMaker(fields, filled)
  const minBytes = regular.reduce((sum, one) => sum + one.codec.minBytes, flexible ? 1 : 0)
  const heapBytes = [...regular, ...tagged].reduce((sum, one) => sum + one.codec.heapBytes, 24 + fields.length * 8)
  return {
    minBytes,
    heapBytes,
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

function fieldCodec(
  field: FieldSchema,
  version: number,
  of: { readonly flexible: boolean; readonly isTagged: boolean },
): ValueCodec {
  const flexible = field.flexible === undefined ? of.flexible : includesVersion(field.flexible, version)
  const nullable = includesVersion(field.nullable, version)
  if (field.type !== '{}') {
    if (!field.isArray && /errorMessage$/i.test(field.name)) return messageTextCodec(nullable, flexible)
    if (!field.isArray) return primitiveCodec(field.type, nullable, flexible)
    return arrayCodec(primitiveCodec(field.type, false, flexible), nullable, flexible)
  }
  const struct = structCodec(field.fields, version, flexible)
  if (field.isArray) return arrayCodec(struct, nullable, flexible)
  return nullable ? nullableStructCodec(struct, of.isTagged) : struct
}

function writeField(writer: Writer, one: FieldCodec, value: Fields): void {
  const set = value[one.name]
  try {
    one.codec.write(writer, set === undefined ? one.makeDefault() : set)
  } catch (error) {
    throw namingField(error, one.name)
  }
}

/** Prefixes the field's name, so that the message ends up naming the whole path. */
function namingField(error: unknown, name: string): unknown {
  if (error instanceof TypeError || error instanceof RangeError) error.message = `${name}: ${error.message}`
  return error
}

function checkAbsent(field: AbsentField, value: Fields, version: number): void {
  if (field.isDefault(value[field.name])) return
  const message = `version ${version} cannot carry the field ${field.name}`
  throw protocolError('PROTOCOL_UNSUPPORTED_FIELD', message, { field: field.name, version })
}

function readTagged(reader: Reader, value: Fields, tagged: readonly FieldCodec[]): void {
  const count = reader.unsignedVarint()
  for (let index = 0; index < count; index++) {
    const tag = reader.unsignedVarint()
    const size = reader.unsignedVarint()
    const known = tagged.find((one) => one.tag === tag)
    if (!known) {
      value[unknownTaggedFields] ??= new Map<number, Buffer>()
      const unknown = value[unknownTaggedFields] as Map<number, Buffer>
      reader.charge(unknownTagHeapBytes)
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
  let count = 0
  for (let index = 0; index < tagged.length; index++) {
    const one = tagged[index]!
    if (!one.isDefault(value[one.name])) count++
  }
  const unknown = value[unknownTaggedFields] as ReadonlyMap<number, Buffer> | undefined
  writer.unsignedVarint(count + (unknown?.size ?? 0))
  if (count === 0 && !unknown) return
  const present = tagged.filter((one) => !one.isDefault(value[one.name]))
  const entries = present.map((one): [number, Buffer] => [
    one.tag,
    withWriter((inner) => writeField(inner, one, value)),
  ])
  if (unknown) entries.push(...unknown)
  entries.sort(([a], [b]) => a - b)
  for (const [tag, bytes] of entries) {
    writer.unsignedVarint(tag)
    writer.unsignedVarint(bytes.length)
    writer.bytes(bytes)
  }
}
