import { type Clock, isMillraceError, type Random, sleep } from '@millrace/base'
import { backoffMs } from '@millrace/base/internal'
import type { CloseOptions, Consumer, FetchedPartition, KafkaClient } from '@millrace/kafka'
import { RecordCache } from '../core/stores/record-cache.ts'
import type { CreateStreamTask, StreamTaskOptions, TaskConfig } from '../core/task.ts'
import type { TopologyPlan } from '../core/topology/plan.ts'
import { streamsError } from '../errors.ts'
import { orAborted } from './abortable.ts'
import { type ActiveTask, offsetsToCommit, partitionText } from './active-task.ts'
import type { TaskAssignor } from './assignment/group-model.ts'
import { topologyDiffers } from './assignment/streams-assignor.ts'
import type { TopicPartition } from './assignment/tasks.ts'
import type { HostMap } from './assignment/user-data.ts'
import { ChangelogRestorer } from './changelog-restorer.ts'
import type { RuntimeConfig } from './config.ts'
import { classifyFailure } from './failures.ts'
import { GroupRole } from './group-role.ts'
import { Housekeeping } from './housekeeping.ts'
import { writeStoresInTurns } from './in-turns.ts'
import { prepareSerdes, writesSchemas } from './prepare-serdes.ts'
import { LocalCopies } from './queries/local-copies.ts'
import { QueryTurns } from './query-turns.ts'
import type { TellRestore } from './restore-events.ts'
import { SlicedPace } from './sliced-pace.ts'
import { StandbyUpdater } from './standby-updater.ts'
import type { StateStores } from './state-stores.ts'
import { TaskSet } from './task-set.ts'
import { ThreadTimes } from './thread-times.ts'
import { type BoundsOf, changelogBounds } from './topics/changelog-bounds.ts'
import { LostInput } from './topics/lost-input.ts'
import { Transactor } from './transactor.ts'

export interface StreamThreadOptions {
  readonly client: KafkaClient
  readonly plan: TopologyPlan
  readonly partitionsOf: (topic: string) => number
  readonly createTask: CreateStreamTask
  readonly taskConfig: TaskConfig
  readonly config: RuntimeConfig
  readonly stores: StateStores
  readonly clock: Clock
  readonly random: Random
  /** Application, instance and thread: the same after a restart, different everywhere else. */
  readonly transactionalId: string
  readonly applicationServer: string | undefined
  /** The same for all threads of a process, and after a restart. */
  readonly processId: string
  /** One thread of a process looks after what lies unused on its disk. */
  readonly looksAfterDisk: boolean
  /** Makes the group member static (KIP-345). */
  readonly groupInstanceId: string | undefined
  readonly taskAssignor: TaskAssignor | undefined
  /** Of the whole instance: tasks read them. */
  readonly globalStores?: StreamTaskOptions['globalStores']
  /** While true, nothing is processed, restored or committed; the assignment is kept. */
  readonly isPaused: () => boolean
  /** Joins the group only to tell every instance to stop. */
  readonly endsApplication: boolean
  readonly tell: TellRestore
  /** A member of the group asked for the end of the whole application. */
  readonly onShutdownRequested: () => void
  /** Lets timers, sockets and other callers run. */
  readonly yieldNow: () => Promise<void>
  /** Told whenever readiness may have changed. */
  readonly onChange: () => void
  /** Told when the stores of tasks hold what the transaction has committed. */
  readonly onCommitted?: ((tasks: readonly ActiveTask[]) => void) | undefined
  /** Told when standby copies have followed their changelogs a step. */
  readonly onFollowed?: (() => void) | undefined
  /** Told before a standby's store is emptied, to be filled anew. */
  readonly onWiping?: (() => void) | undefined
  /** A failure that is survived: for logs. */
  readonly onFailure: (error: unknown) => void
}

/** How long running tasks may wait for those that are being restored. */
const restorePollMs = 20
/** Of writing what was restored; nothing else goes on meanwhile. */
const restoreSliceMs = 10

/** What no disk is to blame for, and no other attempt helps. */
const foreignChangelog: ReadonlySet<string> = new Set(['STREAMS_STORE_CHANGED', 'STREAMS_CHANGELOG_FORMAT'])

/**
 * One loop over the tasks of an instance: poll, restore, process in slices, commit. All calls into tasks happen here.
 *
 * Whatever goes wrong on the way to a commit has one answer, `#beginAgain`: drop everything that is not committed, take
 * a fresh producer (whose initialisation ends the open transaction, one way or the other), and take the tasks over
 * from scratch as if from another instance. There is no state in between to reason about.
 */
export class StreamThread {
  readonly #options: StreamThreadOptions
  readonly #consumer: Consumer
  readonly #restorer: ChangelogRestorer
  readonly #transactor: Transactor
  readonly #tasks: TaskSet
  readonly #role: GroupRole
  readonly #lostInput: LostInput
  readonly #standbys: StandbyUpdater
  readonly #housekeeping: Housekeeping
  readonly #turns: QueryTurns
  /** The state that is open here, for queries. */
  readonly copies: LocalCopies
  #leaving: NonNullable<CloseOptions['group']> = 'default'
  readonly #stop = new AbortController()
  /** What the next turn has to recover from. */
  #broken: { readonly error: unknown } | undefined
  #failures = 0
  #diskFailures = 0
  #lastCommitMs: number
  /** When output at least once is to leave, see `Transactor.linger`. */
  #lingersUntilMs: number | undefined
  #hasJoined = false
  /** As the last turn found it. */
  #isPaused = false
  /** Paused while the group rebalances. */
  #owesCommit = false
  readonly counters = { processed: 0, commits: 0, failures: 0, rebalances: 0 }
  readonly times: ThreadTimes

  constructor(options: StreamThreadOptions) {
    this.#options = options
    const { client, plan, config, stores, tell, groupInstanceId, looksAfterDisk } = options
    this.#lastCommitMs = options.clock.now()
    this.times = new ThreadTimes(options.clock)
    const onJoining = (): void => this.times.rebalanceBegan()
    this.#role = new GroupRole({ ...options, speaksForDisk: looksAfterDisk, onJoining })
    this.#consumer = client.consumer({
      groupId: plan.applicationId,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
      isolation: 'read_committed',
      autoOffsetReset: 'earliest',
      bufferBytes: config.fetchAheadMaxBytes,
      maxPartitionBytes: config.fetchPartitionMaxBytes,
      sessionTimeoutMs: config.sessionTimeoutMs,
      heartbeatIntervalMs: config.heartbeatIntervalMs,
      rebalanceTimeoutMs: config.rebalanceTimeoutMs,
      assignors: [this.#role.assignor()],
    })
    const { applicationId } = plan
    const consumer = this.#consumer
    this.#transactor = new Transactor({ ...options, consumer, applicationId })
    const cache = new RecordCache({ maxBytes: config.cacheMaxBytes })
    this.#tasks = new TaskSet({ ...options, cache, output: this.#transactor.output })
    const changelogReader = { isolation: 'read_committed', autoOffsetReset: 'earliest' } as const
    const boundsOf: BoundsOf = (partitions) => changelogBounds(client, partitions, config.faults)
    this.#lostInput = new LostInput({
      ...options,
      boundsOf,
      committedOf: (partitions) => this.#consumer.committed(partitions),
    })
    this.#restorer = new ChangelogRestorer({
      consumer: client.consumer(changelogReader),
      stores,
      boundsOf,
      expires: (topic) => expiringTopics(plan).has(topic),
      believesCheckpoints: config.faults.staleCheckpoint === true,
      tell,
      pace: new SlicedPace({ ...options, sliceMs: () => (this.#turns.areWanted ? 1 : restoreSliceMs) }),
    })
    const { standbyFetchMaxBytes: bufferBytes } = config
    this.#standbys = new StandbyUpdater({
      consumer: () => client.consumer({ ...changelogReader, bufferBytes, maxPartitionBytes: bufferBytes }),
      stores,
      boundsOf,
      committedOf: (inputs) => this.#consumer.committed(inputs),
      clock: options.clock,
      limitIntervalMs: Math.max(config.commitIntervalMs, 100),
      runsAhead: config.faults.standbyAhead === true,
      tell,
      onWiping: options.onWiping,
    })
    this.#role.attach({ consumer, tasks: this.#tasks, standbys: this.#standbys })
    const { standbys, restorer } = this
    this.#turns = new QueryTurns(options)
    const onAsked = (): void => this.#turns.asked()
    this.copies = new LocalCopies({ ...options, consumer, tasks: this.#tasks, standbys, restorer, onAsked })
    this.#housekeeping = new Housekeeping({ ...options, cleansDisk: looksAfterDisk })
  }

  /** A member of the group with every task it was given at work. */
  get isReady(): boolean {
    if (!this.#hasJoined || this.#broken || this.#tasks.hasPending || this.#role.awaitsTasks) return false
    return this.#tasks.assigned.every(({ phase }) => phase === 'running')
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get hosts(): HostMap {
    return this.#role.hosts
  }

  /** See `Consumer.heldUntilMs`. */
  get heldUntilMs(): number | undefined {
    return this.#consumer.heldUntilMs()
  }

  get standbys(): StandbyUpdater {
    return this.#standbys
  }

  get tasks(): TaskSet {
    return this.#tasks
  }

  get restorer(): ChangelogRestorer {
    return this.#restorer
  }

  get transactor(): Transactor {
    return this.#transactor
  }

  /** Resolves after `stop`, with everything committed and closed; rejects with what it could not survive. */
  async run(): Promise<void> {
    try {
      const { plan } = this.#options
      if (writesSchemas(plan) && !(await prepareSerdes({ ...this.#options, signal: this.#stop.signal }))) return
      this.#subscribe()
      while (!this.#stop.signal.aborted) await this.#survivingTurn()
      // An orderly end commits what is processed and leaves the group, so that others take over at once.
      if (!this.#broken && this.#transactor.isReady) await this.#commit().catch(this.#options.onFailure)
    } finally {
      await this.#close()
    }
  }

  #subscribe(): void {
    const topics = [...new Set(this.#options.plan.subtopologies.flatMap(({ sourceTopics }) => sourceTopics))]
    this.#consumer.subscribe({
      topics,
      onAssigned: (partitions) => this.#assigned(partitions),
      onRevoked: (partitions) => this.#revoked(partitions),
      onLost: () => this.#lost(),
    })
  }

  /** `leaving`: what becomes of the thread's place in the group. */
  stop(leaving: NonNullable<CloseOptions['group']> = 'default'): void {
    this.#leaving = leaving
    this.#stop.abort()
  }

  /** Tells every instance of the application to stop. */
  askForShutdown(): void {
    this.#role.askForShutdown()
  }

  async #survivingTurn(): Promise<void> {
    try {
      if (this.#broken) await this.#beginAgain()
      await this.#turn()
    } catch (error) {
      if (error === this.#stop.signal.reason) return
      if (classifyFailure(error) === 'fatal') throw error
      this.#breakBy(error)
      this.#failures++
      await this.#backOff()
    }
  }

  async #turn(): Promise<void> {
    const { yieldNow } = this.#options
    if (!this.#transactor.isReady) await this.#orStopped(this.#transactor.open())
    const timeoutMs = this.#pollTimeoutMs()
    // A poll that need not wait may not let anybody else run either.
    if (timeoutMs === 0) await yieldNow()
    const { signal } = this.#stop
    let records = 0
    for (const fetched of await this.times.polls.of(() => this.#consumer.poll({ timeoutMs, signal }))) {
      records += this.#deliver(fetched)
    }
    this.times.polled(records)
    // Callbacks of the poll may have failed to commit.
    if (this.#broken) throw (this.#broken as { error: unknown }).error
    if (this.#tasks.hasPending) this.#openPending()
    const isPaused = this.#options.isPaused()
    if (isPaused && this.#isPaused && !this.#owesCommit) return
    this.#isPaused = isPaused
    if (isPaused) await this.#commitAtPause()
    else await this.#work()
    this.#role.look()
    if (this.#hasJoined) this.#housekeeping.cleanDisk()
  }

  async #work(): Promise<void> {
    const { config, clock } = this.#options
    await this.#takeOver()
    await this.#restore()
    await this.#followStandbys()
    const isFull = this.#uncommittedBytes() >= config.uncommittedMaxBytes
    if (!isFull || this.#mayCommit()) await this.#process()
    this.#lingersUntilMs = this.#transactor.linger(clock.now())
    const sinceCommitMs = clock.now() - this.#lastCommitMs
    // A clock that was set back is no reason to hold results.
    const isAskedFor = this.#tasks.running.some(({ task }) => task.isCommitRequested)
    const isDue = sinceCommitMs >= config.commitIntervalMs || sinceCommitMs < 0 || isAskedFor
    if (!isDue && this.#uncommittedBytes() < config.uncommittedMaxBytes) return
    if (this.#mayCommit()) await this.#commit()
  }

  /**
   * Tasks go on while the group rebalances, but their commit waits for the generation that comes of it: the one that we know
   * may pass while the commit is on its way, and a commit that is refused costs everything since the last one. Unless
   * the rebalance lasts so long that the transaction would be ended by its time-out: until the last member has joined,
   * the old generation still counts.
   */
  #mayCommit(): boolean {
    const sinceCommitMs = this.#options.clock.now() - this.#lastCommitMs
    return !this.#role.isJoining || sinceCommitMs >= this.#options.config.transactionTimeoutMs / 2
  }

  async #commitAtPause(): Promise<void> {
    this.#owesCommit = !this.#mayCommit()
    if (!this.#owesCommit) await this.#commit()
  }

  /** How long the loop may sleep in `poll` without missing something to do. */
  #pollTimeoutMs(): number {
    const { clock, config } = this.#options
    const tasks = this.#tasks.assigned
    if (this.#isPaused) return config.pollTimeoutMs
    const isBusy = tasks.some(({ phase, task }) => phase === 'assigned' || (phase === 'running' && task.canProcess()))
    const mayCommit = this.#mayCommit()
    const isFull = !mayCommit && this.#uncommittedBytes() >= config.uncommittedMaxBytes
    if ((isBusy && !isFull) || !this.#restorer.isIdle) return 0
    const wakes = isFull ? [] : tasks.flatMap(({ task }) => task.nextWakeMs() ?? [])
    if (this.#lingersUntilMs !== undefined) wakes.push(this.#lingersUntilMs)
    if (mayCommit && tasks.some(({ task }) => task.needsCommit))
      wakes.push(this.#lastCommitMs + config.commitIntervalMs)
    if (this.#role.asksAtMs !== undefined) wakes.push(this.#role.asksAtMs)
    const nowMs = clock.now()
    return Math.max(0, Math.min(config.pollTimeoutMs, ...wakes.map((wakeMs) => wakeMs - nowMs)))
  }

  /** Returns how many records it is. */
  #deliver(fetched: FetchedPartition): number {
    const active = this.#tasks.ownerOf(fetched)
    if (active?.phase !== 'running') return 0
    const { topic, partition, batches, firstOffset, nextOffset, lastStableOffset } = fetched
    const name = partitionText(fetched)
    this.#lostInput.checkFetched(fetched, active.positions.get(name))
    active.positions.set(name, nextOffset)
    active.task.addBatches({ topic, partition, batches, firstOffset, nextOffset, endOffset: lastStableOffset })
    active.ends.set(name, lastStableOffset)
    if (active.task.bufferedRecords(topic, partition) >= this.#options.config.bufferedRecordsMax) {
      active.paused.add(name)
      this.#consumer.pause([{ topic, partition }])
    }
    return batches.reduce((sum, { recordCount }) => sum + recordCount, 0)
  }

  /**
   * Finds out where freshly assigned tasks stand. The order matters: committed offsets first, and only stable ones, then
   * the ends of the changelogs. The other way round, the predecessor could commit in between: its offsets would then
   * be read, and its last changelog records not be restored.
   */
  async #takeOver(): Promise<void> {
    const fresh = this.#tasks.assigned.filter(({ phase }) => phase === 'assigned')
    if (fresh.length === 0) return
    const inputs = fresh.flatMap((active) => active.inputs)
    const starts = await this.#committedOrBeginning(fresh, inputs)
    for (const input of inputs) {
      const offset = starts.get(partitionText(input)) ?? 0
      this.#consumer.seek({ ...input, offset })
      const owner = this.#tasks.ownerOf(input)
      owner?.committed.set(partitionText(input), offset)
      owner?.positions.set(partitionText(input), offset)
    }
    await this.#orStopped(this.#restorer.begin(fresh))
    for (const active of fresh) active.phase = 'restoring'
  }

  async #committedOrBeginning(
    fresh: readonly ActiveTask[],
    inputs: readonly TopicPartition[],
  ): Promise<ReadonlyMap<string, number>> {
    const starts = new Map<string, number>()
    const note = (offsets: Iterable<TopicPartition & { readonly offset: number }>): void => {
      for (const at of offsets) if (at.offset >= 0) starts.set(partitionText(at), at.offset)
    }
    const committed = await this.#orStopped(this.#consumer.committed(inputs))
    note(this.#options.config.faults.lostReplyIsAbort ? committed.map((at) => this.#asRemembered(at)) : committed)
    for (const { topic, partition, metadata } of committed) {
      const active = this.#tasks.ownerOf({ topic, partition })
      if (active) active.hasProgress = true
      if (!metadata || !active) continue
      active.metadata.set(partitionText({ topic, partition }), metadata)
      active.task.restoreTime({ topic, partition, metadata })
    }
    await this.#orStopped(this.#lostInput.check(fresh, starts))
    const unknown = inputs.filter((input) => !starts.has(partitionText(input)))
    if (unknown.length > 0) note(await this.#orStopped(this.#consumer.beginningOffsets(unknown)))
    return starts
  }

  /** What is planted as `lostReplyIsAbort`. */
  #asRemembered<T extends TopicPartition & { readonly offset: number }>(at: T): T {
    return { ...at, offset: this.#tasks.ownerOf(at)?.committed.get(partitionText(at)) ?? at.offset }
  }

  async #restore(): Promise<void> {
    const isBusyOtherwise = this.#tasks.running.some(({ task }) => task.canProcess())
    const timeoutMs = isBusyOtherwise ? 0 : Math.min(restorePollMs, this.#options.config.pollTimeoutMs)
    const failures = this.#restorer.isIdle ? [] : await this.times.restores.of(() => this.#restorer.step(timeoutMs))
    for (const { active, error } of failures) await this.#reopen(active, error)
    const ready = this.#tasks.assigned.filter(
      (active) => active.phase === 'restoring' && !this.#restorer.isRestoring(active),
    )
    if (ready.length === 0) return
    for (const active of ready) {
      active.phase = 'running'
      active.isComplete = true
    }
    this.#consumer.resume(ready.flatMap(({ inputs }) => [...inputs]))
    this.#options.onChange()
  }

  /** Another thread of the process may have let go of what is ours by now. */
  #openPending(): void {
    const standbys = this.#tasks.standbys.length
    const opened = this.#tasks.openPending()
    if (opened.length > 0) this.#holdBack(...opened)
    if (this.#tasks.standbys.length > standbys) this.#standbys.replace(this.#tasks.standbys, () => false)
  }

  async #followStandbys(): Promise<void> {
    // Tasks that are to run come first.
    if (this.#standbys.isIdle || !this.#restorer.isIdle) return
    const failures = await this.times.standbys.of(() => this.#orStopped(this.#standbys.step()))
    for (const { standby, error } of failures) {
      this.#options.onFailure(error)
      await this.#tasks.closeStandby(standby)
      this.#tasks.openStandby(standby.id)
    }
    if (failures.length > 0) this.#standbys.replace(this.#tasks.standbys, () => false)
    // What was told of a store before it was emptied, or opened anew, holds no longer.
    if (failures.length > 0 || this.#standbys.hasWiped) this.#options.onChange()
    this.#standbys.hasWiped = false
    this.#options.onFollowed?.()
  }

  /** One slice, shared by the tasks that have something to do. The loop polls between slices. */
  async #process(): Promise<void> {
    const { config } = this.#options
    this.#tellWhatIsCaughtUp()
    const busy = this.#tasks.running.filter(({ task }) => task.canProcess())
    if (busy.length === 0) return
    const isAsked = this.#turns.areWanted
    const budgetMs = isAsked ? 1 : Math.max(1, config.sliceMs / busy.length)
    const maxRecords = Math.ceil(config.sliceRecordsMax / busy.length)
    const before = this.counters.processed
    const beganMs = this.times.nowMs
    for (const active of busy) {
      if (isAsked) await this.#turns.turn()
      this.counters.processed += active.task.process({ budgetMs, maxRecords })
      this.#resumeInputs(active)
    }
    this.times.processed(this.counters.processed - before, beganMs)
    await this.times.waits.of(() => this.#transactor.collector.relieve(config.inflightMaxBytes))
  }

  /**
   * A task that has records of one input waits for those of the others, unless the broker is known to have none: poll
   * is silent about partitions where nothing happens.
   */
  #tellWhatIsCaughtUp(): void {
    for (const { task, inputs } of this.#tasks.running) {
      if (task.bufferedBytes === 0 || task.canProcess()) continue
      for (const { topic, partition } of inputs) {
        if (task.bufferedRecords(topic, partition) > 0) continue
        const position = this.#consumer.position({ topic, partition })
        const lag = this.#consumer.lag({ topic, partition })
        if (position === undefined || lag === undefined) continue
        const empty = { batches: [], firstOffset: position, nextOffset: position, endOffset: position + lag }
        task.addBatches({ topic, partition, ...empty })
      }
    }
  }

  #resumeInputs(active: ActiveTask): void {
    const low = this.#options.config.bufferedRecordsMax / 2
    for (const input of active.inputs) {
      const name = partitionText(input)
      if (!active.paused.has(name) || active.task.bufferedRecords(input.topic, input.partition) > low) continue
      active.paused.delete(name)
      this.#consumer.resume([input])
    }
  }

  /**
   * Caches down, output out, offsets in, commit; and only after the transaction has committed, the stores. A store that
   * was written first would hold updates of records that a crash makes us process again.
   */
  async #commit(): Promise<void> {
    const { faults } = this.#options.config
    const beganMs = this.#options.clock.now()
    this.#lastCommitMs = beganMs
    const committing = this.#tasks.running.filter(({ task }) => task.needsCommit)
    if (committing.length === 0) return
    if (!faults.commitBeforeFlush) await this.#flush(committing)
    const offsets = committing.flatMap((active) => [...offsetsToCommit(active, faults)])
    if (faults.storesBeforeCommit) {
      await this.#transactor.collector.drain()
      await this.#commitStores(committing)
    }
    await this.times.waits.of(() => this.#transactor.commit(offsets))
    if (faults.commitBeforeFlush) for (const { task } of committing) task.flush()
    if (!faults.storesBeforeCommit) await this.#commitStores(committing)
    for (const at of offsets) {
      const active = this.#tasks.ownerOf(at)
      active?.committed.set(partitionText(at), at.offset)
      active?.metadata.set(partitionText(at), at.metadata)
    }
    this.#options.onCommitted?.(committing)
    this.#transactor.collector.committed()
    this.times.commits.since(beganMs)
    // As Kafka Streams does: counted from its beginning, a commit that is slow would be followed by the next one at once.
    this.#lastCommitMs = this.#options.clock.now()
    this.counters.commits++
    this.#failures = 0
    this.#housekeeping.committed(this.#tasks.running)
  }

  async #flush(tasks: readonly ActiveTask[]): Promise<void> {
    const turns = this.#turns.areWanted ? this.#turns : undefined
    for (const { task } of tasks) {
      await turns?.turn()
      while (!task.flush(turns)) await turns?.turn()
    }
  }

  /** The transaction has committed: a store that cannot be written now is behind, so it is closed and restored. */
  async #commitStores(tasks: readonly ActiveTask[]): Promise<void> {
    const { collector } = this.#transactor
    for (const active of tasks) {
      const nextOffsets = new Map<string, number>()
      for (const { store, topic, partition } of active.task.changelogs()) {
        const next = collector.nextOffset(topic, partition)
        if (next !== undefined) nextOffsets.set(store, next)
      }
      try {
        if (this.#turns.areWanted) {
          await this.#turns.turn()
          await writeStoresInTurns(active.task, nextOffsets, this.#turns)
        }
        active.task.commitStores(nextOffsets)
        this.#diskFailures = 0
      } catch (error) {
        await this.#reopen(active, error)
      }
    }
  }

  /** A store could not be written: what it lacks is in its changelog. A disk that keeps failing ends the instance. */
  async #reopen(active: ActiveTask, error: unknown): Promise<void> {
    if (isMillraceError(error) && foreignChangelog.has(error.code)) throw error
    this.#diskFailures++
    if (this.#diskFailures >= this.#options.config.restoreFailuresMax) {
      const { text } = active
      throw streamsError('STREAMS_STATE_FAILED', `the stores of task ${text} cannot be written`, { task: text }, error)
    }
    this.#options.onFailure(error)
    await this.#tasks.reopen(active)
    this.#holdBack(this.#tasks.byId(active.id) ?? active)
  }

  #breakBy(error: unknown): void {
    this.#broken = { error }
    this.counters.failures++
    this.#options.onFailure(error)
    this.#options.onChange()
  }

  /** See the class comment. */
  async #beginAgain(): Promise<void> {
    this.#tasks.discard()
    this.#holdBack(...this.#tasks.assigned)
    this.#transactor.reset()
    await this.#orStopped(this.#transactor.open())
    this.#broken = undefined
  }

  /** Nothing of the tasks runs until they are taken over. */
  #holdBack(...tasks: readonly ActiveTask[]): void {
    this.#restorer.drop(tasks)
    for (const active of tasks) {
      active.phase = 'assigned'
      active.paused.clear()
    }
    this.#consumer.pause(tasks.flatMap(({ inputs }) => [...inputs]))
    this.#options.onChange()
  }

  #assigned(added: readonly TopicPartition[]): void {
    const { doubleRestore } = this.#options.config.faults
    this.counters.rebalances++
    this.times.rebalanceEnded()
    if (this.#role.hosts.refused) this.#breakBy(topologyDiffers())
    this.#enterGeneration()
    this.#consumer.pause(added)
    const opened = this.#tasks.replace(this.#consumer.assignment(), this.#role.standby)
    this.#standbys.replace(this.#tasks.standbys, (task) => this.#tasks.isActive(task), doubleRestore)
    this.#holdBack(...opened)
    this.#hasJoined = true
    this.#options.onChange()
  }

  /**
   * Still the owner, for the moment: commits, so that whoever gets the tasks begins where we end. They go to nobody before
   * this member has joined the rebalance that follows. Tasks that stay are part of the transaction and commit, too.
   */
  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    const { faults } = this.#options.config
    const revoked = new Set(partitions.flatMap((partition) => this.#tasks.ownerOf(partition) ?? []))
    try {
      this.#enterGeneration()
      if (!this.#broken && this.#transactor.isReady && !faults.revokedUncommitted) await this.#commit()
    } catch (error) {
      this.#breakBy(error)
    }
    this.#restorer.drop([...revoked])
    for (const active of revoked) active.phase = 'suspended'
    this.#options.onChange()
  }

  /** What tasks did in the generation before is committed in this one: they were ours all the while, says the leader. */
  #enterGeneration(): void {
    this.#transactor.member = this.#consumer.groupMetadata()
    if (!this.#role.isDisowned || this.#broken) return
    const { applicationId: group } = this.#options.plan
    this.#breakBy(streamsError('STREAMS_MEMBERSHIP_LOST', `others have run tasks of ${group} meanwhile`, { group }))
  }

  /** The group went on without us: others own the tasks, and have perhaps committed for them. */
  async #lost(): Promise<void> {
    this.times.rebalanceBegan()
    this.#hasJoined = false
    this.#options.onChange()
    this.#restorer.drop(this.#tasks.all)
    this.#tasks.discard()
    await this.#tasks.closeAll()
    this.#standbys.replace([], () => false)
    if (!this.#options.config.faults.lostOutputKept) this.#transactor.reset()
    this.#options.onChange()
  }

  /** For requests that a broker which is away would keep waiting: stopping does not wait for them. */
  #orStopped<T>(work: Promise<T>): Promise<T> {
    return orAborted(work, this.#stop.signal)
  }

  async #backOff(): Promise<void> {
    const { clock, random, config } = this.#options
    const backoff = { delayMsMin: config.retryDelayMsMin, delayMsMax: config.retryDelayMsMax }
    await sleep(clock, backoffMs(this.#failures, backoff, random), this.#stop.signal).catch(() => undefined)
  }

  async #close(): Promise<void> {
    this.#tasks.discard()
    await this.#tasks.closeAll()
    this.#housekeeping.close()
    const closing = [
      this.#consumer.close({ group: this.#leaving }),
      this.#restorer.close(),
      this.#standbys.close(),
      this.#transactor.close(),
    ]
    for (const outcome of await Promise.allSettled(closing)) {
      if (outcome.status === 'rejected') this.#options.onFailure(outcome.reason)
    }
  }

  #uncommittedBytes(): number {
    return this.#tasks.running.reduce(
      (sum, { task }) => sum + task.uncommittedBytes,
      this.#transactor.collector.uncommittedBytes,
    )
  }
}

/** Changelogs whose old records leave by age. */
function expiringTopics({ internalTopics }: TopologyPlan): ReadonlySet<string> {
  const expiring = internalTopics.filter(({ config }) => config['cleanup.policy']?.includes('delete'))
  return new Set(expiring.map(({ name }) => name))
}
