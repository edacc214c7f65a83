import type { JsonForm } from '@millrace/contracts'
import type { ResolvedSchema, SchemaText } from '../client/schema.ts'

export type Write<In> = (value: In) => Uint8Array
/** Takes the whole value, with what stands in front. */
export type Read<T> = (bytes: Buffer) => T

/** A file that a schema imports, registered under its own name before it. */
export interface Import {
  readonly name: string
  readonly schema: SchemaText
  readonly imports: readonly Import[]
}

/** What differs between Avro, Protobuf and JSON Schema. */
export interface SchemaFormat<T, In> {
  /** For descriptions: `avro(Order)`. */
  readonly name: string
  /** As it is declared and registered. */
  readonly schema: SchemaText
  readonly recordName: string | undefined
  readonly imports?: readonly Import[]
  /** Writes under `schema`, which is the declared one or what the registry has in its place. */
  writer(schema: ResolvedSchema, id: number): Write<In>
  /** Reads what was written under `writer`, as the declared schema says; `own` is that one. */
  reader(writer: ResolvedSchema, own: ResolvedSchema): Read<T>
  /** Why values of the declared schema could not be read under `other`; undefined: they can. */
  misfit(own: ResolvedSchema, other: ResolvedSchema): string | undefined
  readonly json?: JsonForm<T>
}
