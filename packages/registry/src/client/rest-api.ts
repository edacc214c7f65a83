import { registryError } from '../errors.ts'
import { type Awaitable, chain } from './awaitable.ts'
import type { SchemaReference, SchemaText, SchemaType, SubjectVersion } from './schema.ts'
import type { RegistryRequest, RegistryTransport } from './transport.ts'

const messageMaxChars = 500

/** The endpoints that serdes need, as the documentation of Confluent's REST API states them. */
export class RestApi {
  readonly #transport: RegistryTransport

  constructor(transport: RegistryTransport) {
    this.#transport = transport
  }

  register(subject: string, schema: SchemaText, normalize: boolean): Awaitable<number> {
    const path = `${versionsPath(subject)}${normalize ? '?normalize=true' : ''}`
    return chain(this.#ask({ method: 'POST', path, body: bodyOf(schema) }, { subject }), idIn)
  }

  lookUp(subject: string, schema: SchemaText, normalize: boolean): Awaitable<SubjectVersion> {
    const path = `/subjects/${encodeURIComponent(subject)}${normalize ? '?normalize=true' : ''}`
    return chain(this.#ask({ method: 'POST', path, body: bodyOf(schema) }, { subject }), versionOf)
  }

  byId(id: number): Awaitable<SchemaText> {
    return chain(this.#ask({ method: 'GET', path: `/schemas/ids/${id}` }, { id }), schemaOf)
  }

  version(subject: string, version: number | 'latest'): Awaitable<SubjectVersion> {
    const path = `${versionsPath(subject)}/${version}`
    return chain(this.#ask({ method: 'GET', path }, { subject, version }), versionOf)
  }

  #ask(request: RegistryRequest, about: Readonly<Record<string, string | number>>): Awaitable<object> {
    return chain(this.#transport.send(request), ({ status, body }) => {
      if (status >= 200 && status < 300 && typeof body === 'object' && body !== null) return body
      throw refusal(status, body, { ...about, request: `${request.method} ${request.path}` })
    })
  }
}

function versionsPath(subject: string): string {
  return `/subjects/${encodeURIComponent(subject)}/versions`
}

/** Avro is what a registry takes a schema for that does not say what it is; old ones know nothing else. */
function bodyOf({ type, text, references }: SchemaText): object {
  return {
    schema: text,
    ...(type !== 'AVRO' && { schemaType: type }),
    ...(references.length > 0 && { references }),
  }
}

function schemaOf(body: object): SchemaText {
  const {
    schema,
    schemaType = 'AVRO',
    references = [],
  } = body as {
    schema?: unknown
    schemaType?: SchemaType
    references?: readonly SchemaReference[] | null
  }
  if (typeof schema !== 'string') throw notARegistry()
  return { type: schemaType ?? 'AVRO', text: schema, references: references ?? [] }
}

function versionOf(body: object): SubjectVersion {
  const { subject } = body as { subject?: unknown }
  return {
    ...schemaOf(body),
    subject: String(subject),
    version: numberIn(body, 'version'),
    id: idIn(body),
  }
}

function numberIn(body: object, field: string): number {
  const value = (body as Record<string, unknown>)[field]
  if (typeof value === 'number') return value
  throw notARegistry()
}

/** In front of values an id has 32 bits, one of them for its sign. */
function idIn(body: object): number {
  const id = numberIn(body, 'id')
  if (id >= 0 && (id | 0) === id) return id
  throw notARegistry(`${id} is no id of a schema`)
}

function notARegistry(problem = 'fields are missing'): Error {
  return registryError('REGISTRY_REQUEST_REFUSED', `what answered is no schema registry: ${problem}`)
}

function refusal(status: number, body: unknown, fields: Readonly<Record<string, string | number>>): Error {
  const { error_code: code = status, message } = (body ?? {}) as { error_code?: number; message?: unknown }
  const reason = typeof message === 'string' ? message.slice(0, messageMaxChars) : `status ${status}`
  const what = 'subject' in fields ? `subject ${fields.subject}` : `schema id ${fields.id}`
  return registryError(codeOf(status, code), `${what}: ${reason}`, { ...fields, status, errorCode: code })
}

function codeOf(status: number, code: number): Parameters<typeof registryError>[0] {
  if (status === 401 || status === 403) return 'REGISTRY_UNAUTHORIZED'
  if (code === 40401 || code === 40402) return 'REGISTRY_SUBJECT_NOT_FOUND'
  if (code === 40403) return 'REGISTRY_SCHEMA_NOT_FOUND'
  if (status === 409) return 'REGISTRY_INCOMPATIBLE'
  if (status === 422) return 'REGISTRY_INVALID_SCHEMA'
  return 'REGISTRY_REQUEST_REFUSED'
}
