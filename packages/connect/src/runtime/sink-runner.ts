import { type Clock, isMillraceError, systemClock, systemRandom } from '@millrace/base'
import { backoffMs, checkOptions, resolveLimits } from '@millrace/base/internal'
import type { Consumer, FetchedPartition, TopicPartition } from '@millrace/kafka'
import type { SinkConnector, SinkSession } from './connector.ts'
import { DeadLetters } from './dead-letters.ts'
import { abortable, endWithin, finishing, verdictOn } from './failures.ts'
import { type SinkRunnerOptions, sinkRunnerLimits } from './runner-options.ts'
import { SinkAssignment } from './sink-assignment.ts'
import { type RunningConnector, StatusBoard } from './status.ts'
import { SupervisedLoop } from './supervised-loop.ts'
import { ensureTopics } from './topics.ts'

const pollMaxWaitMs = 250
/** How often the group's offsets are brought up to date; they only serve lag displays. */
const mirrorIntervalMs = 1_000
/** What is being written when the sink is stopped may still be finished within this time. */
const stopGraceMs = 5_000
const closeTimeoutMs = 2_000

/**
 * Runs a sink until it is closed. Where it stands is in the target database, in the same transaction as the rows; the
 * consumer group only spreads the partitions over the instances, and its offsets mirror the truth for lag displays.
 *
 * Returns at once; a database or broker that is not there yet is waited for. `ready` and `status()` tell.
 *
 * @example
 * const running = runSink(postgresSink(spend, { url, table: 'spend', mode: 'upsert' }), { client })
 */
export function runSink(connector: SinkConnector, options: SinkRunnerOptions): RunningConnector {
  return new SinkRunner(connector, options).loop
}

class SinkRunner {
  readonly #connector: SinkConnector
  readonly #options: SinkRunnerOptions
  readonly #limits: ReturnType<typeof resolveLimits<typeof sinkRunnerLimits>>
  readonly #board: StatusBoard
  readonly #clock: Clock
  readonly loop: SupervisedLoop

  constructor(connector: SinkConnector, options: SinkRunnerOptions) {
    checkOptions(
      'runSink',
      options,
      {
        client: 'object',
        clock: 'object',
        random: 'object',
        groupId: 'string',
        instanceId: 'string',
        begin: { oneOf: ['earliest', 'latest', 'fail'] },
        consumer: 'object',
        limits: 'object',
      },
      { required: ['client'] },
    )
    this.#connector = connector
    this.#options = options
    this.#limits = resolveLimits(`runSink ${connector.name}`, sinkRunnerLimits, options.limits)
    this.#board = new StatusBoard(connector.name, 'sink')
    this.#clock = options.clock ?? systemClock
    this.loop = new SupervisedLoop({
      board: this.#board,
      clock: this.#clock,
      random: options.random ?? systemRandom,
      backoff: { delayMsMin: this.#limits.retryDelayMsMin, delayMsMax: this.#limits.retryDelayMsMax },
      work: (signal) => this.#work(signal),
    })
  }

  /** One membership in the group. */
  async #work(signal: AbortSignal): Promise<void> {
    const { client } = this.#options
    this.#board.activity = 'preparing topics'
    await abortable(ensureTopics(client, this.#connector.topics), signal)
    const { maxPartitionBytes, bufferBytes, sessionTimeoutMs } = this.#limits
    const { instanceId } = this.#options
    const consumer = client.consumer({
      groupId: groupIdOf(this.#connector, this.#options),
      isolation: 'read_committed',
      // Every position is sought from the database's; one that is gone must not be skipped silently.
      autoOffsetReset: 'fail',
      maxPartitionBytes,
      bufferBytes,
      sessionTimeoutMs,
      heartbeatIntervalMs: Math.min(3_000, Math.floor(sessionTimeoutMs / 3)),
      ...(instanceId !== undefined && { groupInstanceId: instanceId }),
      ...this.#options.consumer,
    })
    const deadLetters = new DeadLetters(client, this.#connector, this.#clock)
    const member = new SinkMember({
      connector: this.#connector,
      options: this.#options,
      board: this.#board,
      clock: this.#clock,
      loop: this.loop,
      backoff: { delayMsMin: this.#limits.retryDelayMsMin, delayMsMax: this.#limits.retryDelayMsMax },
      consumer,
      deadLetters,
      maxWriteBytes: this.#limits.maxWriteBytes,
      signal,
    })
    try {
      await member.run()
    } finally {
      await member.close()
      await endWithin(
        this.#clock,
        closeTimeoutMs,
        Promise.allSettled([consumer.close({ group: 'leave' }), deadLetters.close()]),
      )
    }
  }
}

function groupIdOf(connector: SinkConnector, options: SinkRunnerOptions): string {
  return options.groupId ?? `millrace-sink-${connector.name}`
}

interface MemberParts {
  readonly connector: SinkConnector
  readonly options: SinkRunnerOptions
  readonly board: StatusBoard
  readonly clock: Clock
  readonly loop: SupervisedLoop
  readonly backoff: { readonly delayMsMin: number; readonly delayMsMax: number }
  readonly consumer: Consumer
  readonly deadLetters: DeadLetters
  readonly maxWriteBytes: number
  readonly signal: AbortSignal
}

/**
 * A member of the sink's group. While the database is away it stays in the group with its partitions paused: leaving
 * would only move them to members that have the same trouble.
 */
class SinkMember {
  readonly #parts: MemberParts
  readonly #assignment: SinkAssignment
  #session: SinkSession | undefined
  #nextAttemptMs = 0
  #lastMirrorMs = 0

  constructor(parts: MemberParts) {
    this.#parts = parts
    this.#assignment = new SinkAssignment(parts.options.client, parts.consumer, parts.options.begin)
    parts.board.figures = () => ({ lag: this.#assignment.lag(), lastEventMs: this.#assignment.lastEventMs })
  }

  async run(): Promise<void> {
    const { consumer, connector, signal } = this.#parts
    const release = (partitions: readonly TopicPartition[]): void => {
      for (const partition of this.#assignment.remove(partitions)) this.#session?.release(partition)
    }
    await consumer.subscribe({
      topics: connector.topics.map((topic) => topic.name),
      onAssigned: (partitions) => this.#assignment.add(partitions),
      onRevoked: release,
      onLost: release,
    })
    while (!signal.aborted) {
      await this.#prepare()
      const fetched = await consumer.poll({ timeoutMs: pollMaxWaitMs })
      await this.#write(fetched)
      this.#mirror(false)
    }
    this.#mirror(true)
  }

  async close(): Promise<void> {
    await this.#session?.close().catch(() => {})
  }

  /** Opens the database and claims what is not claimed yet, unless it is too early for another attempt. */
  async #prepare(): Promise<void> {
    const { connector, signal, clock, board, deadLetters, loop, options } = this.#parts
    if (clock.now() < this.#nextAttemptMs) return
    try {
      this.#session ??= await abortable(
        connector.open({
          signal,
          clock,
          report: (activity) => {
            board.activity = activity
          },
          groupOffset: async ({ topic, partition }) => {
            const committed = await options.client.admin.committedOffsets(groupIdOf(connector, options))
            return committed.find((offset) => offset.topic === topic && offset.partition === partition)?.offset
          },
          deadLetter: async (records) => {
            const setAside = await deadLetters.write(records)
            board.deadLetters += setAside
            board.skipped += records.length - setAside
          },
        }),
        signal,
      )
      await this.#assignment.claim(this.#session)
      loop.running()
    } catch (error) {
      await this.#databaseFailed(error)
    }
  }

  async #write(fetched: readonly FetchedPartition[]): Promise<void> {
    const session = this.#session
    if (!session) return
    const { board, clock, signal, deadLetters } = this.#parts
    const partitions = this.#assignment.batches(fetched, this.#parts.maxWriteBytes)
    const results = await Promise.allSettled(
      partitions.map(async (batches) => {
        for (const batch of batches) {
          const rows = await finishing(session.put(batch), signal, clock, stopGraceMs)
          this.#assignment.written(batch)
          deadLetters.passed(batch)
          board.topics.add(batch.topic)
          board.committed(rows, clock.now())
          if (signal.aborted) return
        }
      }),
    )
    for (const result of results) if (result.status === 'rejected') return this.#databaseFailed(result.reason)
  }

  /** Waits for the database with everything paused; what people or a successor have to settle is thrown on. */
  async #databaseFailed(error: unknown): Promise<void> {
    const { signal, clock, options, board, loop, backoff } = this.#parts
    if (signal.aborted) return
    // Somebody else was assigned what this instance still held: only the group knows who is right.
    if (isMillraceError(error) && error.code === 'CONNECT_SINK_FENCED') throw error
    if (verdictOn(error) !== 'retry') throw error
    const session = this.#session
    this.#session = undefined
    const isRecord = isMillraceError(error) && error.code === 'CONNECT_RECORD_RETRIED'
    loop.retrying(error, isRecord ? 'trying a record again' : 'waiting for the database')
    // Whether the last batch was committed is unknown where the connection broke: claiming again tells.
    this.#assignment.unclaimAll()
    this.#nextAttemptMs = clock.now() + backoffMs(board.attempts, backoff, options.random ?? systemRandom)
    await session?.close().catch(() => {})
  }

  #mirror(isLast: boolean): void {
    const { consumer, clock } = this.#parts
    if (!isLast && clock.now() - this.#lastMirrorMs < mirrorIntervalMs) return
    this.#lastMirrorMs = clock.now()
    const offsets = this.#assignment.unmirrored()
    // The group may be rebalancing; the next round brings the offsets up to date.
    if (offsets.length > 0) consumer.commit(offsets).catch(() => {})
  }
}
