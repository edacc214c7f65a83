export type SchemaType = 'AVRO' | 'PROTOBUF' | 'JSON'

/** A schema of another subject that a schema mentions. */
export interface SchemaReference {
  /** As the schema mentions it: a full name in Avro, an import path in Protobuf, a URI in JSON Schema. */
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** A schema as it lies in a registry. */
export interface SchemaText {
  readonly type: SchemaType
  readonly text: string
  readonly references: readonly SchemaReference[]
}

/** A version of a subject. */
export interface SubjectVersion extends SchemaText {
  readonly subject: string
  readonly version: number
  readonly id: number
}

/** A schema with everything that it mentions, directly or not: each comes after what it mentions itself. */
export interface ResolvedSchema extends SchemaText {
  readonly mentioned: readonly { readonly name: string; readonly text: string }[]
}
