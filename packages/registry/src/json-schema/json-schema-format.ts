import { type Serde, serdes } from '@millrace/contracts'
import { contractError } from '@millrace/contracts/internal'
import { Ajv, type AnySchemaObject, type ErrorObject, type Options, type ValidateFunction } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ResolvedSchema, SchemaReference } from '../client/schema.ts'
import { registryError } from '../errors.ts'
import type { SchemaFormat } from '../serde/schema-format.ts'
import { prefixBytes, writePrefix } from '../wire-format.ts'

export interface JsonSchemaFormatOptions<T, In> {
  readonly text: string
  readonly references: readonly SchemaReference[]
  /** Checks values in place of the schema's text: a validator that the text was made from. */
  readonly checked?: Serde<T, In> | undefined
}

const plain = serdes.json<unknown>()
const messagesMax = 5
// Formats are annotations, as the specification has it; keywords that nobody knows are no mistake either.
const settings: Options = { strict: false, validateFormats: false, allErrors: true, logger: false }

export function jsonSchemaFormat<T, In>(options: JsonSchemaFormatOptions<T, In>): SchemaFormat<T, In> {
  const { text, references, checked } = options
  const { title } = Object(parsed(text)) as { title?: unknown }
  const name = `jsonSchema(${typeof title === 'string' ? title : 'schema'})`
  if (references.length === 0) validatorOf({ text, mentioned: [] })
  return {
    name,
    recordName: typeof title === 'string' ? title : undefined,
    schema: { type: 'JSON', text, references },
    writer(schema, id) {
      const check = checked === undefined || schema.text !== text ? checkOf(schema, name) : undefined
      return (value) => {
        check?.(value)
        return prefixed(id, checked === undefined ? plain.serialize(value) : checked.serialize(value))
      }
    },
    reader(_writer, own) {
      if (checked !== undefined) return (bytes) => checked.deserialize(bytes.subarray(prefixBytes))
      const check = checkOf(own, name)
      return (bytes) => {
        const value = plain.deserialize(bytes.subarray(prefixBytes))
        check(value)
        return value as T
      }
    },
    // What JSON Schema calls compatible the registry knows; each value is checked when it is written.
    misfit: () => undefined,
    json: {
      toJson: (value) => value,
      fromJson: (json) => (checked === undefined ? (json as T) : checked.deserialize(plain.serialize(json))),
    },
  }
}

function prefixed(id: number, json: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(prefixBytes + json.length)
  writePrefix(bytes, id)
  bytes.set(json, prefixBytes)
  return bytes
}

function checkOf(schema: ResolvedSchema, name: string): (value: unknown) => void {
  const isValid = validatorOf(schema)
  return (value) => {
    if (isValid(value)) return
    const problems = (isValid.errors ?? []).slice(0, messagesMax).map(problem)
    throw contractError('CONTRACT_MISMATCH', `the value is no ${name}: ${problems.join('; ')}`)
  }
}

/** The place and the rule, never the value. */
function problem({ instancePath, message, keyword }: ErrorObject): string {
  const path = instancePath.slice(1).replaceAll('/', '.')
  return `${path === '' ? 'it' : path}: ${message ?? keyword}`
}

/** @throws REGISTRY_INVALID_SCHEMA */
function validatorOf({ text, mentioned }: Pick<ResolvedSchema, 'text' | 'mentioned'>): ValidateFunction {
  try {
    const schema = parsed(text) as AnySchemaObject
    const ajv = ajvFor(schema)
    for (const { name, text: other } of mentioned) ajv.addSchema(parsed(other) as AnySchemaObject, name)
    return ajv.compile(schema)
  } catch (cause) {
    throw registryError('REGISTRY_INVALID_SCHEMA', `the JSON Schema is refused: ${(cause as Error).message}`, {}, cause)
  }
}

function ajvFor(schema: AnySchemaObject): Ajv {
  const draft = typeof schema.$schema === 'string' ? schema.$schema : ''
  if (draft.includes('2020-12')) return new Ajv2020(settings)
  return draft.includes('2019-09') ? new Ajv2019(settings) : new Ajv(settings)
}

function parsed(text: string): unknown {
  return JSON.parse(text)
}
