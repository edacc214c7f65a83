import type { Clock } from '@millrace/base'
import type { ConnectSchema } from '../../../data/schema.ts'
import type { SourceOutput } from '../../../runtime/connector.ts'
import type { LogicalMessage } from '../pgoutput.ts'
import type { EventSource, EventWriter, TransactionBlock } from './event.ts'
import { messageKeySchema, messageValueSchema } from './event-schemas.ts'
import { blockData, sourceData } from './record-event-writer.ts'
import { type BinaryMode, binaryForm } from './values/binary.ts'

export interface MessageEventsOptions {
  readonly name: string
  readonly database: string
  readonly topic: string
  readonly binary: BinaryMode
  readonly writer: EventWriter
  /** Which prefixes are captured. */
  readonly includes: (prefix: string) => boolean
  readonly clock: Clock
}

/** What applications wrote into the log with `pg_logical_emit_message`, keyed by its prefix. */
export class MessageEvents {
  readonly #options: MessageEventsOptions
  readonly #schema: ConnectSchema

  constructor(options: MessageEventsOptions) {
    this.#options = options
    this.#schema = messageValueSchema(options.binary)
  }

  includes(prefix: string): boolean {
    return this.#options.includes(prefix)
  }

  write(message: LogicalMessage, source: EventSource, block: TransactionBlock | undefined, output: SourceOutput): void {
    const { topic, binary, writer, clock } = this.#options
    const { prefix } = message
    const now = clock.now()
    const content = binaryForm(binary).write(Buffer.from(message.content))
    const value = {
      op: 'm',
      ts_ms: BigInt(now),
      source: sourceData(source, this.#options),
      transaction: block ? blockData(block) : null,
      message: { prefix, content },
    }
    const timestampMs = Math.floor(source.tsMicros / 1_000)
    writer.plain(
      { topic, timestampMs, keySchema: messageKeySchema, key: { prefix }, valueSchema: this.#schema, value },
      output,
    )
  }
}
