import { type Clock, sleep } from '@millrace/base'
import type { Consumer, GroupMetadata, KafkaClient, Producer } from '@millrace/kafka'
import type { RecordBatchBuilder } from '@millrace/protocol'
import type { TaskOutput } from '../core/task.ts'
import { streamsError } from '../errors.ts'
import type { TopicPartition } from './assignment/tasks.ts'
import type { RuntimeConfig } from './config.ts'
import { OutputCollector } from './output-collector.ts'
import { Refusals } from './refusals.ts'

export interface TransactorOptions {
  readonly client: KafkaClient
  readonly consumer: Consumer
  readonly config: RuntimeConfig
  readonly clock: Clock
  readonly applicationId: string
  readonly transactionalId: string
  readonly partitionsOf: (topic: string) => number
}

export type ConsumedOffset = TopicPartition & { readonly offset: number; readonly metadata?: string }

/**
 * The way out of a thread: its producer, its open transaction and the batches under construction. `reset` ends all three
 * and begins anew; nothing of the old ones is used again.
 */
export class Transactor {
  readonly #options: TransactorOptions
  #producer: Producer | undefined
  #collector: OutputCollector
  readonly #refusals = new Refusals()
  #isOpen = false
  #isClosed = false
  readonly #closing = new Set<Promise<void>>()
  #member: GroupMetadata | undefined
  #produced = 0
  #deadLetters = 0
  /** What tasks write to; stays the same object across resets. */
  readonly output: TaskOutput = {
    produce: (...record) => this.#collector.produce(...record),
    changelog: (...record) => this.#collector.changelog(...record),
    deadLetter: (...record) => this.#collector.deadLetter(...record),
  }

  constructor(options: TransactorOptions) {
    this.#options = options
    this.#collector = this.#newCollector()
  }

  get collector(): OutputCollector {
    return this.#collector
  }

  get isReady(): boolean {
    return this.#producer !== undefined
  }

  /**
   * Who we are in the group, as of the assignment that our tasks come from. Not asked of the consumer at the time of the
   * commit: once it has noticed that it was thrown out it knows no member id, and the coordinator takes transactional
   * offsets without one from anybody. A zombie would then commit over its successor.
   */
  set member(member: GroupMetadata) {
    this.#member = member
  }

  get produced(): number {
    return this.#produced + this.#collector.recordsProduced
  }

  get deadLetters(): number {
    return this.#deadLetters + this.#collector.deadLetters
  }

  /**
   * Takes a producer. Its initialisation waits until the transaction that a predecessor left open has ended; a
   * predecessor that still lives is fenced.
   */
  async open(): Promise<void> {
    const { client, config, transactionalId } = this.#options
    const producer = client.producer(
      this.#isExactlyOnce ? { transactionalId, transactionTimeoutMs: config.transactionTimeoutMs } : {},
    )
    try {
      if (this.#isExactlyOnce) await producer.init()
      if (this.#isClosed) await producer.close()
      else this.#producer = producer
    } catch (error) {
      await producer.close().catch(() => undefined)
      throw error
    }
  }

  /** Readers of output at least once wait for no commit. Returns when it is to be called again at the latest. */
  linger(nowMs: number): number | undefined {
    return this.#isExactlyOnce ? undefined : this.#collector.linger(nowMs, this.#options.config.lingerMs)
  }

  /** Sends what tasks wrote and commits it together with the offsets. What it throws leaves the outcome unknown: `reset`. */
  async commit(offsets: readonly ConsumedOffset[]): Promise<void> {
    if (!this.#isExactlyOnce) {
      await this.#drainWhileHeld()
      if (offsets.length > 0) await this.#options.consumer.commit([...offsets])
      this.#refusals.committed()
      return
    }
    await this.#collector.drain()
    const producer = this.#begun()
    if (offsets.length > 0) await producer.sendOffsets({ group: this.#group(), offsets: [...offsets] })
    await producer.commit()
    this.#isOpen = false
    this.#refusals.committed()
  }

  /**
   * Lets go of the producer and of everything that was not committed. The old producer aborts what it can in the
   * background; whether it succeeds does not matter, since the next one fences it. At least once nothing does: what it has
   * not sent yet is never sent, or it would come behind what is written anew.
   */
  reset(): void {
    this.#produced = this.produced
    this.#deadLetters = this.deadLetters
    this.#collector = this.#newCollector()
    this.#isOpen = false
    const producer = this.#producer
    this.#producer = undefined
    if (!producer) return
    const closing: Promise<void> = producer
      .close({ flush: false })
      .catch(() => undefined)
      .then(() => {
        this.#closing.delete(closing)
      })
    this.#closing.add(closing)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.reset()
    await Promise.all(this.#closing)
  }

  #newCollector(): OutputCollector {
    const { applicationId, config, partitionsOf } = this.#options
    this.#refusals.begin()
    return new OutputCollector({
      applicationId,
      batchMaxBytes: config.batchMaxBytes,
      deadLetterTopic: config.deadLetterTopic,
      partitionsOf,
      refusals: this.#refusals,
      send: (topic, partition, batch) => this.#send(topic, partition, batch),
    })
  }

  async #send(topic: string, partition: number, batch: RecordBatchBuilder): Promise<{ readonly baseOffset: number }> {
    if (!this.#isExactlyOnce) this.#leftToHoldMs()
    return this.#begun().sendBatch({ topic, partition, batch })
  }

  /**
   * How long nobody else can own our tasks. A member that was cut off or stopped for longer takes them for its own until it
   * hears otherwise. Exactly-once fences it; at least once, what it still sends would come behind what its successor wrote, and
   * the last row of a key would be an old one.
   *
   * @throws STREAMS_MEMBERSHIP_LOST
   */
  #leftToHoldMs(): number {
    const { consumer, clock, applicationId: group } = this.#options
    const leftMs = (consumer.heldUntilMs() ?? Number.NEGATIVE_INFINITY) - clock.now()
    if (leftMs > 0) return leftMs
    throw streamsError('STREAMS_MEMBERSHIP_LOST', `${group} has not answered for as long as a session lasts`, { group })
  }

  /** Sends what tasks wrote; gives up when the group may have, rather than trying again until the broker is back. */
  async #drainWhileHeld(): Promise<void> {
    const { clock } = this.#options
    const drained = new AbortController()
    const draining = this.#collector.drain().finally(() => drained.abort())
    draining.catch(() => undefined)
    while (!drained.signal.aborted) {
      const wait = sleep(clock, this.#leftToHoldMs(), drained.signal).catch(() => undefined)
      await Promise.race([draining, wait])
    }
    await draining
  }

  #begun(): Producer {
    const producer = this.#producer
    if (!producer) throw new TypeError('the transactor has no producer')
    if (this.#isExactlyOnce && !this.#isOpen) {
      producer.begin()
      this.#isOpen = true
    }
    return producer
  }

  /** With the generation, so that the coordinator refuses the offsets of a member that the group has left behind (KIP-447). */
  #group(): GroupMetadata {
    const { config, applicationId } = this.#options
    const member = this.#member
    if (config.faults.offsetsUnfenced) {
      return { groupId: applicationId, generationId: -1, memberId: '', groupInstanceId: null }
    }
    if (member && member.generationId >= 0) return member
    throw streamsError('STREAMS_MEMBERSHIP_LOST', `${applicationId} has no place in its group`, {
      group: applicationId,
    })
  }

  get #isExactlyOnce(): boolean {
    return this.#options.config.processingGuarantee === 'exactly_once'
  }
}
