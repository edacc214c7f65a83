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
}
