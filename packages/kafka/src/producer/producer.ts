import type { RecordBatchBuilder } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import { kafkaError } from '../errors.ts'
import { Accumulator } from './accumulator.ts'
import { PlainAuthority } from './plain-authority.ts'
import { Sender } from './sender.ts'
import { Transactions } from './transactions.ts'
import {
  type GroupMetadata,
  type ProducerIdentity,
  type ProducerOptions,
  type ProducerRecord,
  producerSettings,
  type RecordPosition,
  type TopicPartitionOffset,
} from './types.ts'

/**
 * Writes records. Idempotent unless told otherwise: retries neither duplicate nor reorder.
 *
 * @example
 * await using producer = client.producer({ transactionalId: 'orders-1' })
 * await producer.init()
 * producer.begin()
 * producer.send({ topic: 'order', key: Buffer.from('1'), value: Buffer.from('{}') })
 * await producer.sendOffsets({ group: consumer.groupMetadata(), offsets })
 * await producer.commit()
 */
export interface Producer extends AsyncDisposable {
  /**
   * Gets the producer id. With a transactional id it also fences every older producer of that id and finishes what it
   * left open; it must then be called before `begin`. Without one it is called by the first `send`.
   */
  init(): Promise<ProducerIdentity>
  /**
   * Resolves once the record is acknowledged; records are batched meanwhile. Waits while the buffer is full. In a
   * transaction the result may be ignored: `commit` fails if any record was lost.
   */
  send(record: ProducerRecord): Promise<RecordPosition>
  /**
   * Writes a batch that the caller has built. It belongs to the producer until the promise settles; the producer
   * finishes it with its id, epoch and sequence.
   */
  sendBatch(options: {
    readonly topic: string
    readonly partition: number
    readonly batch: RecordBatchBuilder
  }): Promise<{ readonly baseOffset: number }>
  /** Begins a transaction; nothing is sent yet. */
  begin(): void
  /** Adds consumed offsets to the transaction. */
  sendOffsets(options: {
    readonly group: GroupMetadata
    readonly offsets: readonly TopicPartitionOffset[]
  }): Promise<void>
  /**
   * Sends what waits and commits. KAFKA_TRANSACTION_ABORTABLE: call `abort`. KAFKA_FENCED: close. KAFKA_TIMEOUT: the
   * outcome is open; call `commit` again, which finds out.
   */
  commit(): Promise<void>
  /** Throws away what was sent in the transaction. */
  abort(): Promise<void>
  /** Resolves once everything sent so far is acknowledged; fails with the first error among it. */
  flush(): Promise<void>
  /**
   * Flushes outside of a transaction, unless `flush` is false; aborts inside of one; and closes the connections. What was not
   * flushed fails with KAFKA_CLOSED, and may have been written all the same if it was on its way.
   */
  close(options?: { readonly flush?: boolean }): Promise<void>
  readonly identity: ProducerIdentity | undefined
  /** Bytes that wait or are on their way. */
  readonly bufferedBytes: number
}

export function createProducer(
  cluster: Cluster,
  purpose: string,
  options: ProducerOptions,
  onClose: () => void,
): Producer {
  const settings = producerSettings(options)
  let sender: Sender | undefined
  const wake = (): void => sender?.wake()
  const accumulator = new Accumulator(cluster, settings, wake)
  const dropWaiting = (error: unknown): void => sender?.dropWaiting(error)
  const settle = async (): Promise<void> => {
    await accumulator.admitted()
    await Promise.allSettled(accumulator.closeBatches().map((batch) => batch.wait()))
  }
  const { transactionalId } = settings
  const transactions =
    transactionalId === undefined
      ? undefined
      : new Transactions(cluster, settings, transactionalId, purpose, {
          wake,
          dropWaiting,
          settle,
          queues: () => accumulator.queues(),
        })
  const plain = new PlainAuthority(cluster, settings.idempotent, { wake, fail: dropWaiting })
  sender = new Sender(cluster, settings, { accumulator, authority: transactions ?? plain, purpose })
  return new KafkaProducer({ cluster, purpose, accumulator, sender, transactions, plain, onClose })
}

interface Parts {
  readonly cluster: Cluster
  readonly purpose: string
  readonly accumulator: Accumulator
  readonly sender: Sender
  readonly transactions: Transactions | undefined
  readonly plain: PlainAuthority
  readonly onClose: () => void
}

class KafkaProducer implements Producer {
  readonly #parts: Parts
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get identity(): ProducerIdentity | undefined {
    const { transactions, plain } = this.#parts
    return (transactions ?? plain).identity
  }

  get bufferedBytes(): number {
    return this.#parts.accumulator.bufferedBytes
  }

  async init(): Promise<ProducerIdentity> {
    this.#assertOpen()
    const { transactions, plain } = this.#parts
    return (transactions ?? plain).init()
  }

  send(record: ProducerRecord): Promise<RecordPosition> {
    return this.#write(() => this.#parts.accumulator.add(record, this.#check))
  }

  sendBatch(options: { topic: string; partition: number; batch: RecordBatchBuilder }): Promise<{ baseOffset: number }> {
    const { topic, partition, batch } = options
    return this.#write(() => this.#parts.accumulator.addBatch(topic, partition, batch, this.#check))
  }

  begin(): void {
    this.#assertOpen()
    this.#transactional().begin()
  }

  sendOffsets(options: { group: GroupMetadata; offsets: readonly TopicPartitionOffset[] }): Promise<void> {
    return this.#transactional().sendOffsets(options.group, options.offsets)
  }

  commit(): Promise<void> {
    return this.#transactional().commit()
  }

  abort(): Promise<void> {
    return this.#transactional().abort()
  }

  async flush(): Promise<void> {
    const { accumulator } = this.#parts
    await accumulator.admitted()
    await Promise.all(accumulator.closeBatches().map((batch) => batch.wait()))
  }

  close({ flush = true }: { readonly flush?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(flush)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(flush: boolean): Promise<void> {
    const { cluster, purpose, sender, transactions, onClose } = this.#parts
    try {
      if (transactions === undefined && flush) await this.flush().catch(() => {})
      else if (transactions?.state === 'open' || transactions?.state === 'abortable') await transactions.abort()
    } finally {
      sender.close(kafkaError('KAFKA_CLOSED', 'the producer was closed'))
      cluster.pool.closePurpose(purpose)
      onClose()
    }
  }

  readonly #check = (): void => this.#parts.transactions?.assertAdmissible()

  /** A transaction reports its losses at commit, so an ignored send must not end the process as unhandled. */
  #write<T>(write: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(kafkaError('KAFKA_CLOSED', 'the producer is closed'))
    const { transactions } = this.#parts
    if (transactions === undefined) return write()
    try {
      transactions.assertWritable()
    } catch (error) {
      return Promise.reject(error)
    }
    const { number } = transactions
    const written = write()
    written.catch((error) => transactions.writeFailed(number, error))
    return written
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw kafkaError('KAFKA_CLOSED', 'the producer is closed')
  }

  #transactional(): Transactions {
    const { transactions } = this.#parts
    if (transactions === undefined) throw new TypeError('transactions need a transactionalId')
    return transactions
  }
}
