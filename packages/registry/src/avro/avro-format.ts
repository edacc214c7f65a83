import { contractError } from '@millrace/contracts/internal'
import type { Type } from 'avsc'
import type { ResolvedSchema, SchemaReference } from '../client/schema.ts'
import type { Read, SchemaFormat, Write } from '../serde/schema-format.ts'
import { prefixBytes, writePrefix } from '../wire-format.ts'
import { avroJson } from './avro-json.ts'
import { type AvroTypeOptions, avroType, parsed } from './avro-type.ts'

export interface AvroFormatOptions extends AvroTypeOptions {
  /** The schema as it is registered: JSON. */
  readonly text: string
  readonly references: readonly SchemaReference[]
}

const scratchBytes = 16 * 1024

export function avroFormat<T, In>(options: AvroFormatOptions): SchemaFormat<T, In> {
  const { text, references } = options
  const typeOf = typeMemo(options)
  // A schema that refers to others has no type until they have come.
  const own = references.length === 0 ? typeOf({ text, mentioned: [] }) : undefined
  const recordName = own === undefined ? nameIn(parsed(text)) : own.name
  const name = `avro(${recordName ?? own?.typeName ?? 'schema'})`
  return {
    name,
    recordName,
    schema: { type: 'AVRO', text, references },
    writer: (schema, id) => writerOf(typeOf(schema), id, name),
    reader: (writer, ownSchema) => readerOf(typeOf(writer), typeOf(ownSchema), name),
    misfit(ownSchema, other) {
      try {
        typeOf(other).createResolver(typeOf(ownSchema))
        return undefined
      } catch (error) {
        return (error as Error).message
      }
    },
    ...(own && { json: avroJson<T>(own) }),
  }
}

function typeMemo(options: AvroTypeOptions): (schema: Pick<ResolvedSchema, 'text' | 'mentioned'>) => Type {
  const types = new Map<string, Type>()
  return (schema) => {
    const key = JSON.stringify([schema.text, schema.mentioned])
    const type = types.get(key) ?? avroType(schema, options)
    types.set(key, type)
    return type
  }
}

function writerOf<In>(type: Type, id: number, name: string): Write<In> {
  let scratch = Buffer.allocUnsafe(scratchBytes)
  return (value) => {
    const end = encoded(type, value, scratch, name)
    if (end < 0) {
      // As much as was missing.
      scratch = Buffer.allocUnsafe(scratch.length - end)
      encoded(type, value, scratch, name)
      const bytes = scratch
      writePrefix(bytes, id)
      scratch = Buffer.allocUnsafe(scratchBytes)
      return bytes
    }
    writePrefix(scratch, id)
    return Buffer.from(scratch.subarray(0, end))
  }
}

function encoded(type: Type, value: unknown, into: Buffer, name: string): number {
  try {
    return type.encode(value, into, prefixBytes)
  } catch {
    throw contractError('CONTRACT_MISMATCH', `the value is no ${name}: ${misfits(type, value)}`)
  }
}

/** Names the fields that do not fit, and never their values. */
function misfits(type: Type, value: unknown): string {
  const found: string[] = []
  const errorHook = (path: readonly string[], _value: unknown, expected: Type): void => {
    if (found.length < 5) found.push(`${path.join('.') || 'it'}: expected ${expected.name ?? shortName(expected)}`)
  }
  try {
    type.isValid(value, { errorHook })
  } catch {
    // What cannot even be looked at is named by the sentence that this ends.
  }
  return found.join('; ') || 'it cannot be written'
}

function shortName({ typeName }: Type): string {
  return typeName.replace(/^(abstract|logical|union):/, '').replace(/^(un)?wrapped$/, 'one of a union')
}

function readerOf<T>(writer: Type, own: Type, name: string): Read<T> {
  const resolver = writer === own ? undefined : own.createResolver(writer)
  return (bytes) => {
    let decoded: { readonly value: unknown; readonly offset: number }
    try {
      decoded = resolver === undefined ? own.decode(bytes, prefixBytes) : own.decode(bytes, prefixBytes, resolver)
    } catch {
      throw contractError('CONTRACT_MISMATCH', `the bytes are no ${name}`, { bytes: bytes.length })
    }
    if (decoded.offset === bytes.length) return decoded.value as T
    const problem = decoded.offset < 0 ? 'they end too early' : 'they go on behind its end'
    throw contractError('CONTRACT_MISMATCH', `the bytes are no ${name}: ${problem}`, { bytes: bytes.length })
  }
}

function nameIn(schema: unknown): string | undefined {
  const { name, namespace } = Object(schema) as { name?: string; namespace?: string }
  return name === undefined || namespace === undefined || name.includes('.') ? name : `${namespace}.${name}`
}
