/**
 * Turns values into bytes and back. `null` (a tombstone, a record without key) never reaches a serde.
 *
 * `In` is what writers may pass where that is wider than what readers get (a schema with defaults or transforms).
 * Both directions throw CONTRACT_MISMATCH for what does not fit; the error names the reason, never the payload.
 */
export interface Serde<T, In = T> {
  /** Short and stable, for descriptions and error messages. */
  readonly name: string
  serialize(value: In): Uint8Array
  deserialize(bytes: Uint8Array): T
  /** Serdes whose bytes depend on the topic (those of a schema registry): the serde of one of them. Contracts ask for it. */
  forTopic?(topic: string, role: SerdeRole): Serde<T, In>
  /**
   * Fetches beforehand what `serialize` needs. Without it, and for bytes that nobody could foresee, either direction
   * throws CONTRACT_NOT_READY until what is missing has come: see `whenReady`.
   */
  prepare?(): Promise<void>
  /** How values look in JSON where the bytes are none: in queries over HTTP. */
  readonly json?: JsonForm<T>
}

/** What a serde of a topic serialises. */
export type SerdeRole = 'key' | 'value'

export interface JsonForm<T> {
  toJson(value: T): unknown
  fromJson(json: unknown): T
}
