import type { SourceOutput } from '../../../runtime/connector.ts'
import type { EventWriter, TransactionBlock } from './event.ts'
import { transactionKeySchema, transactionValueSchema } from './event-schemas.ts'
import { inHashOrder } from './values/java-hash-order.ts'

interface OpenTransaction {
  readonly xid: number
  readonly beginLsn: number
  readonly tsMs: number
  isAnnounced: boolean
  events: number
  readonly perTable: Map<string, number>
}

/**
 * Counts the events of a transaction and announces its begin and its end in a topic of their own.
 *
 * The begin is written with the first event, not before: the stored position tells only how many events of a transaction
 * are in Kafka, so that a begin alone would be written again after a crash.
 */
export class TransactionEvents {
  readonly #topic: string
  readonly #writer: EventWriter
  #open: OpenTransaction | undefined

  constructor(topic: string, writer: EventWriter) {
    this.#topic = topic
    this.#writer = writer
  }

  begin(xid: number, beginLsn: number, tsMs: number): void {
    this.#open = { xid, beginLsn, tsMs, isAnnounced: false, events: 0, perTable: new Map() }
  }

  /** @param output undefined for an event that is in Kafka already. */
  event(table: string, lsn: number, output: SourceOutput | undefined): TransactionBlock | undefined {
    const open = this.#open
    if (!open) return undefined
    if (output) this.#announce(open, output)
    open.isAnnounced = true
    const tableOrder = (open.perTable.get(table) ?? 0) + 1
    open.perTable.set(table, tableOrder)
    return { id: `${open.xid}:${lsn}`, totalOrder: ++open.events, tableOrder }
  }

  end(endLsn: number, output: SourceOutput): void {
    const open = this.#open
    if (!open) return
    this.#announce(open, output)
    this.#open = undefined
    const collections = inHashOrder([...open.perTable]).map(([table, count]) => ({
      data_collection: table,
      event_count: BigInt(count),
    }))
    const counts = { event_count: BigInt(open.events), data_collections: collections }
    this.#write(open, { status: 'END', id: `${open.xid}:${endLsn}`, ...counts }, output)
  }

  #announce(open: OpenTransaction, output: SourceOutput): void {
    if (open.isAnnounced) return
    open.isAnnounced = true
    const counts = { event_count: null, data_collections: null }
    this.#write(open, { status: 'BEGIN', id: `${open.xid}:${open.beginLsn}`, ...counts }, output)
  }

  #write(
    { tsMs }: OpenTransaction,
    value: { readonly id: string; readonly [field: string]: unknown },
    output: SourceOutput,
  ): void {
    this.#writer.plain(
      {
        topic: this.#topic,
        timestampMs: tsMs,
        keySchema: transactionKeySchema,
        key: { id: value.id },
        valueSchema: transactionValueSchema,
        value: { ...value, ts_ms: BigInt(tsMs) },
      },
      output,
    )
  }
}
