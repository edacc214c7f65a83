import { isMillraceError } from '@millrace/base'
import type { JsonForm, Serde, SerdeRole } from '@millrace/contracts'
import { type Awaitable, chain, chainAll } from '../client/awaitable.ts'
import type { ResolvedSchema, SchemaReference, SchemaText } from '../client/schema.ts'
import type { SchemaRegistry } from '../client/schema-registry.ts'
import { registryError } from '../errors.ts'
import { asBuffer, schemaIdOf } from '../wire-format.ts'
import { Later } from './later.ts'
import type { Import, Read, SchemaFormat, Write } from './schema-format.ts'
import {
  checkSerdeOptions,
  type ResolvedSerdeOptions,
  resolveSerdeOptions,
  type SerdeOptions,
} from './serde-options.ts'
import { subjectName } from './subject-name.ts'

/** A serde whose bytes begin with the id of a schema in a registry. */
export interface RegistrySerde<T, In = T> extends Serde<T, In> {
  forTopic(topic: string, role: SerdeRole): RegistrySerde<T, In>
  prepare(): Promise<void>
  readonly json?: JsonForm<T>
}

/** Ids that a serde has readers for; more of them than schemas anybody has are ids of something else. */
const readersMax = 10_000

/** What the serdes of all topics share that are made from one declaration. */
class Declaration<T, In> {
  readonly registry: SchemaRegistry
  readonly format: SchemaFormat<T, In>
  readonly options: ResolvedSerdeOptions
  readonly own: Later<ResolvedSchema>
  readonly #readers = new Map<number, Later<Read<T>>>()
  readonly #serdes = new Map<string, BoundSerde<T, In>>()

  constructor(registry: SchemaRegistry, format: SchemaFormat<T, In>, options: SerdeOptions) {
    checkSerdeOptions(format.name, options)
    this.registry = registry
    this.format = format
    this.options = resolveSerdeOptions(options, registry.serdes)
    this.own = this.later(`what ${format.name} refers to`, () => registry.resolve(format.schema))
  }

  /** As it is registered: with the versions that the files it imports have. */
  registered(): Awaitable<SchemaText> {
    const { schema, imports = [] } = this.format
    return this.#withImports(schema, imports)
  }

  later<V>(what: string, fetch: () => Awaitable<V>): Later<V> {
    return new Later(what, fetch, this.registry)
  }

  /** One serde for each topic: equal ones are the same object. */
  bound(topic: string | undefined, role: SerdeRole): BoundSerde<T, In> {
    const name = `${role} ${topic ?? ''}`
    let serde = this.#serdes.get(name)
    if (serde === undefined) {
      serde = new BoundSerde(this, topic, role)
      this.#serdes.set(name, serde)
    }
    return serde
  }

  readerOf(id: number): Read<T> {
    let reader = this.#readers.get(id)
    if (reader === undefined) {
      reader = this.later(`the schema with id ${id}`, () => this.#reader(id))
      if (this.#readers.size >= readersMax) this.#readers.clear()
      this.#readers.set(id, reader)
    }
    return reader.now()
  }

  /** What was written under the declared schema is read without asking for it. */
  knows(id: number, own: ResolvedSchema): void {
    if (this.#readers.has(id)) return
    this.#readers.set(
      id,
      this.later(`the schema with id ${id}`, () => readerUnder(this.format, { id, writer: own, own })),
    )
  }

  #withImports(schema: SchemaText, imports: readonly Import[]): Awaitable<SchemaText> {
    if (imports.length === 0) return schema
    return chain(chainAll(imports.map((each) => this.#imported(each))), (references) => ({ ...schema, references }))
  }

  #imported({ name, schema, imports }: Import): Awaitable<SchemaReference> {
    const { registry, options } = this
    const { autoRegisterSchemas, normalizeSchemas: normalize } = options
    return chain(this.#withImports(schema, imports), (text) =>
      chain(autoRegisterSchemas ? registry.register(name, text, { normalize }) : 0, () =>
        chain(registry.lookUp(name, text, { normalize }), ({ version }) => ({ name, subject: name, version })),
      ),
    )
  }

  #reader(id: number): Awaitable<Read<T>> {
    const { registry, format } = this
    return chain(this.own.get(), (own) => {
      return chain(registry.schemaById(id), (found) => {
        if (found.type !== format.schema.type) {
          const message = `the schema with id ${id} is one of type ${found.type}, not ${format.schema.type}`
          throw registryError('REGISTRY_UNREADABLE', message, { id })
        }
        return chain(registry.resolve(found), (writer) => readerUnder(format, { id, writer, own }))
      })
    })
  }
}

function readerUnder<T, In>(
  format: SchemaFormat<T, In>,
  { id, writer, own }: { readonly id: number; readonly writer: ResolvedSchema; readonly own: ResolvedSchema },
): Read<T> {
  try {
    return format.reader(writer, own)
  } catch (cause) {
    if (isMillraceError(cause)) throw cause
    const reason = (cause as Error).message
    const message = `what was written under the schema with id ${id} cannot be read as ${format.name}: ${reason}`
    throw registryError('REGISTRY_UNREADABLE', message, { id }, cause)
  }
}

class BoundSerde<T, In> implements RegistrySerde<T, In> {
  readonly name: string
  readonly json?: JsonForm<T>
  readonly #declaration: Declaration<T, In>
  readonly #writer: Later<Write<In>>
  readonly #topic: string | undefined
  readonly #role: SerdeRole
  #write: Write<In> | undefined
  // Nearly all records of a topic were written under the same schema as the one before.
  #lastId: number | undefined
  #lastRead: Read<T> | undefined

  constructor(declaration: Declaration<T, In>, topic: string | undefined, role: SerdeRole) {
    const { format } = declaration
    this.name = format.name
    if (format.json !== undefined) this.json = format.json
    this.#declaration = declaration
    this.#topic = topic
    this.#role = role
    const where = topic === undefined ? '' : ` for the ${role} of ${topic}`
    this.#writer = declaration.later(`the id of ${format.name}${where}`, () => this.#writerNow())
  }

  forTopic(topic: string, role: SerdeRole): BoundSerde<T, In> {
    return this.#declaration.bound(topic, role)
  }

  async prepare(): Promise<void> {
    await this.#writer.get()
  }

  serialize(value: In): Uint8Array {
    this.#write ??= this.#writer.now()
    return this.#write(value)
  }

  deserialize(bytes: Uint8Array): T {
    const buffer = asBuffer(bytes)
    const id = schemaIdOf(buffer)
    if (id !== this.#lastId) {
      this.#lastRead = this.#declaration.readerOf(id)
      this.#lastId = id
    }
    return this.#lastRead!(buffer)
  }

  #writerNow(): Awaitable<Write<In>> {
    const { registry, format, options, own } = this.#declaration
    const { recordName } = format
    const subject = (): string => subjectName(options.subjectName, { topic: this.#topic, role: this.#role, recordName })
    const { useSchemaId: id, normalizeSchemas: normalize } = options
    if (id !== undefined) {
      const found = registry.schemaById(id)
      return chain(found, (other) => this.#underOther({ ...other, id }, options.idCompatibilityStrict))
    }
    if (options.useLatestVersion) {
      const found = registry.version(subject(), 'latest')
      return chain(found, (other) => this.#underOther(other, options.latestCompatibilityStrict))
    }
    const known = chain(this.#declaration.registered(), (schema) =>
      options.autoRegisterSchemas
        ? registry.register(subject(), schema, { normalize })
        : chain(registry.lookUp(subject(), schema, { normalize }), (found) => found.id),
    )
    return chain(known, (ownId) =>
      chain(own.get(), (resolved) => {
        this.#declaration.knows(ownId, resolved)
        return format.writer(resolved, ownId)
      }),
    )
  }

  #underOther(
    other: Parameters<SchemaRegistry['resolve']>[0] & { readonly id: number },
    isStrict: boolean,
  ): Awaitable<Write<In>> {
    const { registry, format, own } = this.#declaration
    return chain(own.get(), (declared) =>
      chain(registry.resolve(other), (target) => {
        const misfit =
          other.type === format.schema.type
            ? isStrict && format.misfit(declared, target)
            : `it is one of type ${other.type}, not ${format.schema.type}`
        if (!misfit) return format.writer(target, other.id)
        const message = `${format.name} cannot be written under the schema with id ${other.id}: ${misfit}`
        throw registryError('REGISTRY_INCOMPATIBLE', message, { id: other.id })
      }),
    )
  }
}

/** Makes the serde of a format. It becomes that of a topic where a contract is declared with it. */
export function registrySerde<T, In>(
  registry: SchemaRegistry,
  format: SchemaFormat<T, In>,
  options: SerdeOptions,
): RegistrySerde<T, In> {
  return new Declaration(registry, format, options).bound(undefined, 'value')
}
