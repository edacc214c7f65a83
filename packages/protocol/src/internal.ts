import * as messages from './generated/messages.ts'
import type { MessageType } from './message-type.ts'

export { compress, decompress } from './compression/compression.ts'
export { compressionTypes, defaultMaxDecompressedBytes } from './compression/types.ts'
export { protocolError } from './errors.ts'
export type { HeaderInput } from './records/record-batch-builder.ts'
export { completeBatchSize } from './records/record-batch-view.ts'
export { type FieldSchema, includesVersion } from './schema.ts'

/** Every message this package knows, in the order of their names: for tests and generated reference pages. */
export const allMessages: readonly MessageType<unknown>[] = Object.values(messages)
