import avsc, { type Type } from 'avsc'
import type { ResolvedSchema } from '../client/schema.ts'
import { registryError } from '../errors.ts'
import { bigintLong } from './bigint-long.ts'
import { countedType } from './counted-types.ts'
import { logicalTypes } from './logical-types.ts'

/** Own classes for logical types, by name, as avsc takes them. */
export type LogicalTypes = Readonly<Record<string, new (schema: never, options?: never) => avsc.types.LogicalType>>

export interface AvroTypeOptions {
  readonly logicalTypes: LogicalTypes | undefined
}

/**
 * What avsc makes of a schema and those that it refers to: long is bigint, and what is read of records are plain objects.
 *
 * @throws REGISTRY_INVALID_SCHEMA
 */
export function avroType(schema: Pick<ResolvedSchema, 'text' | 'mentioned'>, options: AvroTypeOptions): Type {
  const registry: Record<string, Type> = {}
  const logical = { ...logicalTypes, ...options.logicalTypes }
  const settings = {
    registry,
    logicalTypes: logical as never,
    omitRecordMethods: true,
    typeHook(given: unknown, context: unknown) {
      if (hasLogicalType(given, logical)) return undefined
      return isLong(given) ? bigintLong : countedType(given, context)
    },
  }
  try {
    for (const { text } of schema.mentioned) avsc.Type.forSchema(parsed(text) as never, settings)
    const type = avsc.Type.forSchema(parsed(schema.text) as never, settings)
    for (const named of [type, ...Object.values(registry)]) makePlain(named)
    return type
  } catch (cause) {
    throw registryError('REGISTRY_INVALID_SCHEMA', `the Avro schema is refused: ${(cause as Error).message}`, {}, cause)
  }
}

/** A primitive's name may stand without quotes. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    if (/^\w+$/.test(text)) return text
    throw new SyntaxError('the schema is not JSON')
  }
}

function hasLogicalType(schema: unknown, logical: object): boolean {
  const { logicalType } = Object(schema) as { readonly logicalType?: string }
  return logicalType !== undefined && logicalType in logical
}

function isLong(schema: unknown): boolean {
  return schema === 'long' || (Object(schema) as { readonly type?: unknown }).type === 'long'
}

/** Objects of a class of their own would not equal those that a program makes. */
function makePlain(type: Type): void {
  const record = type instanceof avsc.types.LogicalType ? type.underlyingType : type
  if (!(record instanceof avsc.types.RecordType)) return
  record.recordConstructor.prototype = Object.prototype
}
