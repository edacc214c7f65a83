import type { ExternalBytes } from './external-bytes.ts'
import { type FieldSchema, parseFields, parseVersions, type VersionRange } from './schema.ts'

export type MessageKind = 'request' | 'response' | 'header' | 'data' | 'coordinator-key' | 'coordinator-value'

/** A message of the protocol in all its versions. `T` holds the fields of every version; decoding fills them all. */
export interface MessageType<T> {
  readonly name: string
  readonly kind: MessageKind
  /** API key of a request or response; the record type of a coordinator record; undefined otherwise. */
  readonly apiKey: number | undefined
  readonly validVersions: VersionRange
  /** First version in the compact form with tagged fields; Infinity when there is none. */
  readonly flexibleFrom: number
  /** Parsed on first use. */
  readonly fields: readonly FieldSchema[]
  /** Type only, never set. */
  readonly fieldsType?: T
}

/** What encoding accepts: every field may be left out and then takes Kafka's default. */
export type MessageInput<T> = T extends Uint8Array
  ? Uint8Array | ExternalBytes
  : T extends readonly (infer Element)[]
    ? readonly MessageInput<Element>[]
    : T extends object
      ? { readonly [Name in keyof T]?: MessageInput<T[Name]> | undefined }
      : T

class Message<T> implements MessageType<T> {
  readonly name: string
  readonly kind: MessageKind
  readonly apiKey: number | undefined
  readonly validVersions: VersionRange
  readonly flexibleFrom: number
  readonly #table: string
  #fields: readonly FieldSchema[] | undefined

  constructor(name: string, kind: MessageKind, apiKey: number, validVersions: string, flexible: string, table: string) {
    this.name = name
    this.kind = kind
    this.apiKey = apiKey < 0 ? undefined : apiKey
    this.validVersions = parseVersions(validVersions)
    this.flexibleFrom = parseVersions(flexible).min
    this.#table = table
  }

  get fields(): readonly FieldSchema[] {
    this.#fields ??= parseFields(this.#table)
    return this.#fields
  }
}

/**
 * Binds a generated table to its type; nothing is parsed until the message is first used.
 *
 * @public named by the generated tables only
 */
export function defineMessage<T>(
  name: string,
  kind: MessageKind,
  apiKey: number,
  validVersions: string,
  flexibleVersions: string,
  table: string,
): MessageType<T> {
  return new Message<T>(name, kind, apiKey, validVersions, flexibleVersions, table)
}
