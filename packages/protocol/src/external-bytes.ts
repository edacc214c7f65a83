/**
 * Bytes of a message that lie elsewhere, in a file for instance. `encodeResponseParts` leaves them where they are; what
 * encodes a message into one buffer refuses them.
 */
export abstract class ExternalBytes {
  /** How many bytes there are. */
  abstract readonly length: number
}
