import { type Clock, systemClock, systemRandom } from '@millrace/base'
import { checkOptions, resolveLimits } from '@millrace/base/internal'
import type { Producer } from '@millrace/kafka'
import { BatchOutput } from './batch-output.ts'
import { CommitPace } from './commit-pace.ts'
import type { SourceConnector, SourceSession, StoredPosition, TopicSpec } from './connector.ts'
import { defaultPipeline } from './default-pipeline.ts'
import { abortable, endWithin, finishing } from './failures.ts'
import { type ErrorPolicy, RetryWindow, strictPolicy } from './pipeline.ts'
import { PositionStore, positionsTopic, transactionalIdOf } from './position-store.ts'
import { type SourceRunnerOptions, sourceRunnerLimits } from './runner-options.ts'
import { SourcePipeline } from './source-pipeline.ts'
import { type RunningConnector, StatusBoard } from './status.ts'
import { SupervisedLoop } from './supervised-loop.ts'
import { ensureTopics } from './topics.ts'

const pullMaxWaitMs = 250
/** Brokers refuse transactions of more than 15 minutes by default (transaction.max.timeout.ms), and one may take twice this. */
const maxIntervalMs = 450_000
const closeTimeoutMs = 2_000
/** What is being published when the source is stopped may still be finished within this time. */
const stopGraceMs = 5_000
/** A broker that is away longer than this shows in the status; the source then publishes again from its position. */
const deliveryTimeoutMs = 30_000

/**
 * Runs a source until it is closed. Its records and its position go to Kafka in one transaction, and the database is told
 * only what such a transaction holds; so each change is in its topic exactly once for readers with read_committed.
 *
 * Returns at once; a database or broker that is not there yet is waited for. `ready` and `status()` tell.
 *
 * @example
 * const running = runSource(postgresOutbox({ url, topics: [order] }), { client })
 * await running.ready
 */
export function runSource(connector: SourceConnector, options: SourceRunnerOptions): RunningConnector {
  const { loop } = new SourceRunner(connector, options)
  const ended = new AbortController()
  const end = (): void => ended.abort()
  loop.finished.then(end, end)
  connector.watch?.(ended.signal).catch(() => {})
  return loop
}

class SourceRunner {
  readonly #connector: SourceConnector
  readonly #options: SourceRunnerOptions
  readonly #limits: ReturnType<typeof resolveLimits<typeof sourceRunnerLimits>>
  readonly #board: StatusBoard
  readonly #clock: Clock
  readonly #positions: PositionStore
  /** Outlives sessions, since each begins with what the last one failed on. */
  readonly #retries: RetryWindow
  /** Undefined where a transaction is committed as soon as the source allows it. */
  readonly #intervalMs: number | undefined
  readonly loop: SupervisedLoop

  constructor(connector: SourceConnector, options: SourceRunnerOptions) {
    checkOptions(
      'runSource',
      options,
      {
        client: 'object',
        clock: 'object',
        random: 'object',
        compression: 'string',
        positionsTopic: 'string',
        fallbackPositionsTopic: 'string',
        transactionalId: 'string',
        transactionBoundary: { oneOf: ['pull', 'interval'] },
        transactionIntervalMs: { min: 1, max: maxIntervalMs, integer: true },
        producer: 'object',
        limits: 'object',
      },
      { required: ['client'] },
    )
    this.#connector = connector
    this.#options = options
    this.#limits = resolveLimits(`runSource ${connector.name}`, sourceRunnerLimits, options.limits)
    this.#board = new StatusBoard(connector.name, 'source')
    this.#intervalMs =
      options.transactionBoundary === 'interval' ? (options.transactionIntervalMs ?? 60_000) : undefined
    this.#clock = options.clock ?? systemClock
    const clock = this.#clock
    this.#positions = new PositionStore(options.client, options.positionsTopic ?? positionsTopic, clock)
    this.#retries = new RetryWindow(connector.errors ?? strictPolicy, clock)
    this.loop = new SupervisedLoop({
      board: this.#board,
      clock,
      random: options.random ?? systemRandom,
      backoff: { delayMsMin: this.#limits.retryDelayMsMin, delayMsMax: this.#limits.retryDelayMsMax },
      work: (signal) => this.#work(signal),
      occupied: connector.occupied && (() => connector.occupied!()),
    })
  }

  /** One session, from the stored position on. */
  async #work(signal: AbortSignal): Promise<void> {
    const { client } = this.#options
    this.#board.activity = 'preparing topics'
    const partitions = await abortable(ensureTopics(client, this.#connector.topics), signal)
    const opened = await this.#openProducer(signal)
    let session: SourceSession | undefined
    try {
      this.#board.activity = 'opening the database'
      session = await this.#openSession(opened.position, signal)
      const { compression = 'none' } = this.#options
      const { maxBatchBytes, maxTransactionBytes: maxBytes, maxTransactionRecords: maxRecords } = this.#limits
      const { newTopic } = this.#connector
      const output = new BatchOutput({
        partitions,
        compression,
        maxBatchBytes,
        maxBytes,
        maxRecords,
        clock: this.#clock,
        pipeline: this.#pipeline(),
        newTopic: (name) => newTopic?.call(this.#connector, name) ?? deadLetterSpec(this.#connector.errors, name),
      })
      this.loop.running()
      await this.#pump(session, opened.producer, output, signal)
    } finally {
      await Promise.all([session?.close(), this.#closeProducer(opened.producer)])
    }
  }

  /**
   * Initialises the transactional producer first: that fences the predecessor and ends what it left open, so that the
   * position read afterwards is final. Read the other way round, the predecessor could still commit records beyond it.
   */
  async #openProducer(signal: AbortSignal): Promise<{ producer: Producer; position: StoredPosition | undefined }> {
    const { snapshotTransactionTimeoutMs, mayBeginAnew } = this.#connector
    this.#board.activity = 'initialising the transactional producer'
    const { transactionTimeoutMs } = this.#limits
    let producer = this.#producer((mayBeginAnew && snapshotTransactionTimeoutMs) || transactionTimeoutMs)
    try {
      await abortable(producer.init(), signal)
      this.#board.activity = 'reading the stored position'
      const position = await abortable(this.#position(), signal)
      if (position === undefined && snapshotTransactionTimeoutMs !== undefined && !mayBeginAnew) {
        await this.#closeProducer(producer)
        producer = this.#producer(snapshotTransactionTimeoutMs)
        await abortable(producer.init(), signal)
      }
      return { producer, position }
    } catch (error) {
      await this.#closeProducer(producer)
      throw error
    }
  }

  #pipeline(): SourcePipeline {
    const { name, pipeline = defaultPipeline, errors: policy = strictPolicy } = this.#connector
    const board = this.#board
    const onRefused = (isDeadLetter: boolean): void => {
      if (isDeadLetter) board.deadLetters++
      else board.skipped++
    }
    return new SourcePipeline({ name, pipeline, policy, retries: this.#retries, onRefused })
  }

  async #position(): Promise<StoredPosition | undefined> {
    const { client, fallbackPositionsTopic } = this.#options
    const position = await this.#positions.read(this.#connector)
    if (position !== undefined || fallbackPositionsTopic === undefined) return position
    return new PositionStore(client, fallbackPositionsTopic, this.#clock).read(this.#connector)
  }

  #producer(timeoutMs: number): Producer {
    const { client, transactionalId = transactionalIdOf(this.#connector.name) } = this.#options
    const { maxBatchBytes } = this.#limits
    // An open transaction must outlive the interval at which it is committed.
    const transactionTimeoutMs = Math.max(timeoutMs, this.#intervalMs === undefined ? 0 : this.#intervalMs * 2)
    return client.producer({
      transactionalId,
      transactionTimeoutMs,
      maxBatchBytes: maxBatchBytes * 2,
      deliveryTimeoutMs,
      ...this.#options.producer,
    })
  }

  async #openSession(position: StoredPosition | undefined, signal: AbortSignal): Promise<SourceSession> {
    const opening = this.#connector.open({
      position,
      client: this.#options.client,
      signal,
      clock: this.#clock,
      report: (activity) => {
        this.#board.activity = activity
      },
    })
    try {
      return await abortable(opening, signal)
    } catch (error) {
      // Closed in the middle of opening: what opens in the end is closed too.
      opening.then((session) => session.close()).catch(() => {})
      throw error
    }
  }

  async #pump(session: SourceSession, producer: Producer, output: BatchOutput, signal: AbortSignal): Promise<void> {
    const clock = this.#clock
    this.#board.figures = () => {
      const { lagBytes, lastEventMs } = session.figures()
      return { lag: lagBytes, lastEventMs }
    }
    /** Of the open transaction. */
    let openedMs: number | undefined
    let records = 0
    let uncommitted: StoredPosition | undefined
    const pace = new CommitPace(clock)
    const isDue = (): boolean => openedMs !== undefined && clock.now() - openedMs >= (this.#intervalMs ?? 0)
    const end = async (position: StoredPosition): Promise<void> => {
      await finishing(this.#end(session, producer, position), signal, clock, stopGraceMs)
      pace.committed()
      openedMs = uncommitted = undefined
      this.#retries.clear()
      this.#board.committed(records, clock.now())
      records = 0
    }
    const commit = async (position: StoredPosition): Promise<void> => {
      await finishing(this.#positions.write(producer, this.#connector, position), signal, clock, stopGraceMs)
      await end(position)
    }
    while (!signal.aborted) {
      const pulled = await session.pull(output, pullMaxWaitMs)
      if (pulled) {
        const isFirst = openedMs === undefined
        if (isFirst) producer.begin()
        openedMs ??= clock.now()
        records += output.records
        uncommitted = pulled.transaction === 'commit' ? pulled.position : undefined
        const isEnd = uncommitted !== undefined && (isDue() || pulled.isLast === true)
        const startedMs = performance.now()
        const sending = this.#send(producer, output, isEnd ? uncommitted : undefined)
        const bytes = await finishing(sending, signal, clock, stopGraceMs)
        if (isFirst) pace.wrote(bytes, performance.now() - startedMs)
        if (uncommitted && isEnd) {
          await end(uncommitted)
          // Before the next pull: what comes meanwhile goes along.
          await pace.rested(signal).catch(() => {})
        }
      } else if (uncommitted && isDue()) await commit(uncommitted)
      if (pulled?.isLast) return
    }
    // Stopped between two commits: what is finished need not be read again.
    if (uncommitted) await commit(uncommitted).catch(() => {})
  }

  /** Writes what was pulled, and together with it the position that ends the transaction; returns how many bytes. */
  async #send(producer: Producer, output: BatchOutput, position: StoredPosition | undefined): Promise<number> {
    for (const [topic, count] of await ensureTopics(this.#options.client, output.missingTopics)) {
      output.topicReady(topic, count)
    }
    const batches = output.take()
    let bytes = 0
    for (const { topic, batch } of batches) {
      this.#board.topics.add(topic)
      bytes += batch.sizeInBytes
    }
    await Promise.all([
      ...batches.map((batch) => producer.sendBatch(batch)),
      position && this.#positions.write(producer, this.#connector, position),
    ])
    return bytes
  }

  async #end(session: SourceSession, producer: Producer, position: StoredPosition): Promise<void> {
    await producer.commit()
    // Only now: had the database been told before, a crash in between would lose what the transaction never published.
    await session.commit(position)
  }

  /** With the broker gone an abort only times out; the next initialisation does the same job. */
  #closeProducer(producer: Producer): Promise<void> {
    return endWithin(this.#clock, closeTimeoutMs, producer.close())
  }
}

function deadLetterSpec(errors: ErrorPolicy | undefined, name: string): TopicSpec | undefined {
  const { topic, replicationFactor } = errors?.deadLetters ?? {}
  return topic === name ? { name, ...(replicationFactor !== undefined && { replicationFactor }) } : undefined
}
