import type { ConnectSchema } from '../../data/schema.ts'

/** Numbers schemas, the same for those that say the same: converters may make a new object for each record. */
export class SchemaIds {
  readonly #byObject = new WeakMap<ConnectSchema, number>()
  readonly #byText = new Map<string, number>()

  of(schema: ConnectSchema | undefined): number {
    if (!schema) return 0
    const known = this.#byObject.get(schema)
    if (known !== undefined) return known
    const text = JSON.stringify(schema, (_name, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
    const id = this.#byText.get(text) ?? this.#byText.size + 1
    this.#byText.set(text, id)
    this.#byObject.set(schema, id)
    return id
  }
}
