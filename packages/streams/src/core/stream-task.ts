import type { MetricSample } from '@millrace/base'
import { redrivenForAnother } from '@millrace/base/internal'
import { isNotReady } from '@millrace/contracts/internal'
import type { RecordCursor } from '@millrace/protocol'
import { streamsError } from '../errors.ts'
import { FlowRecord } from './flow-record.ts'
import type { FailedRecord } from './handlers.ts'
import type { JoinMiss } from './metrics/join-misses.ts'
import { TaskMetrics } from './metrics/task-metrics.ts'
import { type Receive, wireNodes } from './node-wiring.ts'
import type { Pace } from './pace.ts'
import type { Punctuator } from './processing/punctuations.ts'
import { TaskProcessors } from './processing/task-processors.ts'
import type { ObservedTime } from './processor.ts'
import { noHeaders, TaskRecordContext } from './record-context.ts'
import { describeRecord, failed, failureOf, fieldsOf, invalidTimestamp, untimed, unwrapped } from './record-failures.ts'
import { RecordQueue } from './record-queue.ts'
import { decodeChange } from './serdes/change-serde.ts'
import { attributed, isMistake, OutputFailure, StageFailure } from './stage-failure.ts'
import { globalView } from './stores/headers-view.ts'
import type { Isolation, RestoreOptions, StoreWriting } from './stores/task-store.ts'
import type { ReadOnlyStore } from './stores/views.ts'
import { deepFreeze } from './strict.ts'
import type {
  CreateStreamTask,
  StreamTask,
  StreamTaskOptions,
  TaskChangelog,
  TaskInput,
  TaskOffset,
  TaskTopicPartition,
} from './task.ts'
import { TaskStores } from './task-stores.ts'
import { HeadTime } from './time/head-time.ts'
import { decodeTimes, encodeTimes } from './time-metadata.ts'
import type { SourceNode } from './topology/physical.ts'
import { taskIdText } from './topology/plan.ts'

/** How many records are processed between two looks at the clock. */
const recordsPerClockCheck = 32
const recordsPerCallMax = 10_000
/** How often a record looks whether the schema that it needs has come. */
const notReadyRetryMs = 5
/** How often somebody is told that it still has not. */
const notReadyToldMs = 10_000

interface Input {
  readonly queue: RecordQueue
  readonly record: FlowRecord
  /** What says which time records are of, where that is not their own timestamp. */
  readonly headTime: HeadTime | undefined
  readonly source: SourceNode
  readonly receive: Receive
  /** The application wrote it, on the way from one of its parts to another. */
  readonly isOwn: boolean
  readonly isForAnother: ReturnType<typeof redrivenForAnother>
  /** Last offset that was committed, or where reading began. */
  committed: number
  committedTime: number
}

class SynchronousTask implements StreamTask {
  readonly id: StreamTaskOptions['taskId']
  readonly inputs: readonly TaskTopicPartition[]
  readonly #options: StreamTaskOptions
  readonly #context = new TaskRecordContext()
  readonly #stores: TaskStores
  readonly #inputs: Input[]
  readonly #times = new Map<string, ObservedTime>()
  readonly #committedTimes = new Map<string, number>()
  readonly #metrics: TaskMetrics
  readonly #processors: TaskProcessors
  /** Counts puts and outputs: whether a record has had effects. */
  #effects = 0
  #effectsAtCommit = 0
  #idleSinceMs: number | undefined
  #retryAtMs: number | undefined
  #awaitedSinceMs = 0
  #toCommit: TaskOffset[] | undefined

  constructor(options: StreamTaskOptions) {
    const { plan, taskId, output, partitionsOf, config } = options
    const subtopology = plan.subtopologies[taskId.subtopology]!
    this.id = taskId
    this.#options = options
    this.#metrics = new TaskMetrics(plan.applicationId, taskId)
    const { applicationId } = plan
    const { clock, onFailure } = options
    this.#processors = new TaskProcessors({ applicationId, taskId, context: this.#context, clock, onFailure })
    const onOutput = (): void => {
      this.#effects++
    }
    this.#stores = new TaskStores({
      ...options,
      subtopology,
      context: this.#context,
      onPut: onOutput,
      onFlushFailure: (error) => this.#onFlushFailure(error),
      onLeftOut: (topic, reason) => {
        const input = this.#inputs.find(({ queue }) => queue.topic === topic)
        if (input !== undefined) this.#metrics.drop(input.source.name, reason)
      },
    })
    const receivers = wireNodes({
      nodes: subtopology.nodes,
      taskId,
      context: this.#context,
      output,
      partitionsOf,
      stores: new Map([...(options.globalStores ?? []), ...this.#stores.byName]),
      specOf: (store) => plan.stores.get(store)!,
      globalView: (store) => globalView(plan, options.globalStores, store),
      facilities: this.#processors,
      observedTimes: this.#times,
      drop: (node, reason) => this.#metrics.drop(node, reason),
      miss: (node, reason, timestamp, tableTimeMs) =>
        this.#metrics.miss(node, reason, this.#context, timestamp, tableTimeMs),
      timeOf: (source) => this.#inputs.find((input) => input.source.name === source)?.queue.partitionTime ?? -1,
      onOutput,
      notProduced: (failure) => this.#onNotProduced(failure),
      strict: config.strict,
      figures: {
        sink: (node, topic) => this.#metrics.sink(node, topic),
        node: config.stopwatch && ((name) => this.#metrics.node(name)),
      },
    })
    this.#inputs = subtopology.nodes
      .filter((node) => node.kind === 'source')
      .flatMap((source) => source.topics.map((topic) => ({ source, topic })))
      .filter(({ topic }) => partitionsOf(topic) > taskId.partition)
      .map(({ source, topic }) => this.#inputOf(source, topic, receivers.get(source.name)!))
    this.inputs = this.#inputs.map(({ queue: { topic, partition } }) => ({ topic, partition }))
  }

  #inputOf(source: SourceNode, topic: string, receive: Receive): Input {
    const { taskId, clock, config, plan } = this.#options
    const queue = new RecordQueue(topic, taskId.partition)
    const record = new FlowRecord()
    if (config.strict) record.onParsed = deepFreeze
    const headTime = source.timestamp && new HeadTime(queue, source, source.timestamp, { record, clock })
    if (headTime) queue.extractTimes((head, partitionTime) => headTime.of(head, partitionTime))
    const isOwn = plan.internalTopics.some(({ name }) => name === topic)
    const isForAnother = redrivenForAnother(plan.applicationId)
    return { queue, record, headTime, source, receive, isOwn, isForAnother, committed: -1, committedTime: -1 }
  }

  changelogs(): readonly TaskChangelog[] {
    return this.#stores.changelogs()
  }

  restoreTime({ topic, partition, metadata }: TaskTopicPartition & { readonly metadata: string }): void {
    const { partitionTime, observed } = decodeTimes(metadata)
    const input = this.#input(topic, partition)
    input.queue.partitionTime = input.committedTime = Math.max(input.committedTime, partitionTime)
    this.#noteStreamTime()
    for (const [node, value] of observed) {
      const time = this.#times.get(node)
      if (time === undefined) continue
      time.value = Math.max(time.value, value)
      this.#committedTimes.set(node, time.value)
    }
  }

  addBatches(data: TaskInput): void {
    const input = this.#input(data.topic, data.partition)
    if (input.committed < 0) input.committed = data.firstOffset
    input.queue.add(data)
  }

  bufferedRecords(topic: string, partition: number): number {
    return this.#input(topic, partition).queue.buffered
  }

  get bufferedBytes(): number {
    return this.#inputs.reduce((sum, { queue }) => sum + queue.bufferedBytes, 0)
  }

  canProcess(): boolean {
    const now = this.#options.clock.now()
    if (!this.#processors.isStarted || this.#processors.isDue(now)) return true
    return this.#canTakeRecords(now)
  }

  nextWakeMs(): number | undefined {
    const { nextWallClockMs } = this.#processors.punctuations
    const idleUntilMs = (this.#idleSinceMs ?? Number.POSITIVE_INFINITY) + this.#options.config.maxTaskIdleMs
    const nextMs = Math.min(nextWallClockMs, this.#retryAtMs ?? idleUntilMs)
    return nextMs === Number.POSITIVE_INFINITY ? undefined : nextMs
  }

  process({ budgetMs, maxRecords = recordsPerCallMax }: { budgetMs: number; maxRecords?: number }): number {
    const { clock } = this.#options
    const { punctuations } = this.#processors
    const nowMs = clock.now()
    this.#begin(nowMs)
    if (!this.#canTakeRecords(nowMs)) return 0
    this.#retryAtMs = undefined
    // Waited for in vain.
    if (this.#idleSinceMs !== undefined) this.#metrics.enforced++
    const { stopwatch } = this.#options.config
    const endMs = nowMs + budgetMs
    let done = 0
    let last: Input | undefined
    while (done < maxRecords) {
      const input = this.#next()
      if (input === undefined) break
      if (!(stopwatch === undefined ? this.#processHead(input) : this.#timeHead(input, stopwatch))) break
      done++
      last = input
      if (this.#processors.streamTimeMs >= punctuations.nextStreamTimeMs) this.#punctuateByStreamTime()
      if (input.queue.head === undefined && this.#inputs.length > 1 && !this.#isReady(clock.now())) break
      if (done % recordsPerClockCheck === 0 && clock.now() >= endMs) break
    }
    this.#metrics.processed += done
    if (last !== undefined) this.#endSlice(nowMs, last)
    return done
  }

  /** One look at the clock for the whole slice: ages are those of its last records. */
  #endSlice(beganMs: number, { source, record }: Input): void {
    const nowMs = this.#options.clock.now()
    this.#metrics.slices.record(nowMs - beganMs, nowMs)
    if (this.#options.config.stopwatch === undefined) {
      this.#metrics.ageAt(source.name).record(nowMs - record.timestamp, nowMs)
    }
    this.#metrics.sampleSinks(nowMs)
  }

  flush(pace?: Pick<Pace, 'isOver'>): boolean {
    try {
      if (!this.#stores.flush(pace)) return false
    } catch (error) {
      throw unwrapped(error)
    }
    this.#metrics.sampleSinks(this.#options.clock.now())
    return true
  }

  consumedOffsets(): readonly TaskOffset[] {
    const observed = new Map([...this.#times].map(([node, time]) => [node, time.value]))
    this.#toCommit = []
    for (const { queue, committed } of this.#inputs) {
      const offset = queue.committable
      if (offset < 0 || offset === committed) continue
      const { topic, partition } = queue
      this.#toCommit.push({ topic, partition, offset, metadata: encodeTimes(queue.partitionTime, observed) })
    }
    return this.#toCommit
  }

  storeWritings(changelogNextOffsets: ReadonlyMap<string, number>): Iterable<StoreWriting> {
    return this.#stores.writings({ logged: changelogNextOffsets, consumed: this.#toCommit ?? [] })
  }

  commitStores(changelogNextOffsets: ReadonlyMap<string, number>): void {
    this.#stores.commit({ logged: changelogNextOffsets, consumed: this.#toCommit ?? [] })
    for (const { topic, partition, offset } of this.#toCommit ?? []) this.#input(topic, partition).committed = offset
    this.#toCommit = undefined
    for (const input of this.#inputs) input.committedTime = input.queue.partitionTime
    for (const [node, time] of this.#times) this.#committedTimes.set(node, time.value)
    this.#effectsAtCommit = this.#effects
    this.#processors.isCommitRequested = false
  }

  discard(): void {
    this.#processors.stop()
    this.#stores.discard()
    this.#toCommit = undefined
    this.#retryAtMs = this.#idleSinceMs = undefined
    for (const input of this.#inputs) {
      input.queue.clear()
      input.queue.partitionTime = input.committedTime
    }
    for (const [node, time] of this.#times) time.value = this.#committedTimes.get(node) ?? -1
    this.#noteStreamTime()
    this.#effectsAtCommit = this.#effects
  }

  get uncommittedBytes(): number {
    return this.#stores.uncommittedBytes
  }

  get isCommitRequested(): boolean {
    return this.#processors.isCommitRequested
  }

  get needsCommit(): boolean {
    if (this.#effects !== this.#effectsAtCommit) return true
    return this.#inputs.some(({ queue, committed }) => queue.committable >= 0 && queue.committable !== committed)
  }

  restore(store: string, batches: Parameters<StreamTask['restore']>[1], options: RestoreOptions): number {
    return this.#stores.restore(store, batches, options)
  }

  latestTimes(): ReadonlyMap<string, number> {
    return this.#stores.latestTimes()
  }

  query(store: string, isolation: Isolation): ReadOnlyStore {
    return this.#stores.view(store, isolation)
  }

  joinMisses(): readonly JoinMiss[] {
    return this.#metrics.misses.all
  }

  *metrics(): Generator<MetricSample> {
    yield* this.#metrics.samples({
      nowMs: this.#options.clock.now(),
      streamTime: this.#processors.streamTimeMs,
      bufferedRecords: this.#inputs.reduce((sum, { queue }) => sum + queue.buffered, 0),
      bufferedBytes: this.bufferedBytes,
      uncommittedBytes: this.uncommittedBytes,
      cacheBytes: this.#stores.cacheBytes,
      sources: this.#inputs.map(({ source, queue }) => {
        return { node: source.name, topic: queue.topic, records: queue.taken, bytes: queue.takenBytes }
      }),
    })
    yield* this.#stores.samples({ application: this.#options.plan.applicationId, task: taskIdText(this.id) })
  }

  close(): void {
    this.#processors.stop()
    this.#stores.discard()
    this.#stores.close()
  }

  /** What has to happen before the next record: processors begin, and what the clock has come to is called. */
  #begin(nowMs: number): void {
    const processors = this.#processors
    if (!processors.isStarted) processors.start()
    if (nowMs >= processors.punctuations.nextWallClockMs) {
      processors.punctuations.run('wallClock', nowMs, (node, punctuator) => this.#punctuate(node, punctuator, nowMs))
    }
    this.#punctuateByStreamTime()
  }

  #punctuateByStreamTime(): void {
    const { punctuations, streamTimeMs } = this.#processors
    if (streamTimeMs < 0 || streamTimeMs < punctuations.nextStreamTimeMs) return
    punctuations.run('streamTime', streamTimeMs, (node, punctuator) => this.#punctuate(node, punctuator, streamTimeMs))
  }

  /** A punctuation comes from no record: what it hands on has its time, and no headers. */
  #punctuate(node: string, punctuator: Punctuator, timestamp: number): void {
    this.#context.assume({ topic: '', partition: -1, offset: -1, timestamp, headers: noHeaders })
    const { clock, config } = this.#options
    const stopwatch = config.stopwatch ?? (() => clock.now())
    const began = stopwatch()
    try {
      punctuator(timestamp)
      this.#metrics.punctuations.record(stopwatch() - began, clock.now())
    } catch (error) {
      const failure = failureOf(attributed(error, node))
      if (isNotReady(failure.cause)) throw failure.cause
      const record: FailedRecord = { ...this.#origin(failure, node), key: null, value: null, attempt: 1 }
      if (failure.isToBeRetried || this.#decide(failure, record) === 'retry') throw failed(failure, record)
    }
  }

  #noteStreamTime(): void {
    this.#processors.streamTimeMs = Math.max(-1, ...this.#inputs.map(({ queue }) => queue.partitionTime))
  }

  #canTakeRecords(nowMs: number): boolean {
    return (this.#retryAtMs === undefined || nowMs >= this.#retryAtMs) && this.#isReady(nowMs)
  }

  /** The input whose head is earliest; on equal times the one that was declared first. */
  #next(): Input | undefined {
    const inputs = this.#inputs
    let found: Input | undefined
    let earliest = Number.POSITIVE_INFINITY
    for (let at = 0; at < inputs.length; at++) {
      const { queue } = inputs[at]!
      if (queue.head === undefined || queue.headTimestamp >= earliest) continue
      found = inputs[at]
      earliest = queue.headTimestamp
    }
    return found
  }

  /**
   * Whether to go on although some inputs have no record buffered: records of theirs that are still to come might be
   * earlier than those at hand.
   */
  #isReady(now: number): boolean {
    const { maxTaskIdleMs } = this.#options.config
    let hasSome = false
    let isEmpty = false
    let isBehind = false
    for (const { queue } of this.#inputs) {
      if (queue.head !== undefined) hasSome = true
      else {
        isEmpty = true
        if (!queue.isCaughtUp) isBehind = true
      }
    }
    if (!hasSome || !isEmpty || maxTaskIdleMs < 0) {
      this.#idleSinceMs = undefined
      return hasSome
    }
    if (isBehind) return false
    if (maxTaskIdleMs === 0) return true
    this.#idleSinceMs ??= now
    return now - this.#idleSinceMs >= maxTaskIdleMs
  }

  /** As `#processHead`, with the time that it takes and how late and how old the record is. */
  #timeHead(input: Input, stopwatch: () => number): boolean {
    const nowMs = this.#options.clock.now()
    const streamTime = this.#processors.streamTimeMs
    const began = stopwatch()
    const isDone = this.#processHead(input)
    const { timestamp } = input.record
    this.#metrics.records.record(stopwatch() - began, nowMs)
    this.#metrics.lateness.record(Math.max(0, streamTime - timestamp), nowMs)
    this.#metrics.ageAt(input.source.name).record(nowMs - timestamp, nowMs)
    return isDone
  }

  /** False when the record is to be tried again later. */
  #processHead(input: Input): boolean {
    const { queue, source, receive, headTime, record, isOwn } = input
    // This application has had it.
    if (input.isForAnother(queue.head!, queue.topic)) {
      this.#metrics.drop(source.name, 'for-another')
      queue.pop()
      return true
    }
    if (headTime !== undefined && queue.attempts > 0) queue.extractAgain()
    const cursor = queue.head!
    const timestamp = queue.headTimestamp
    const effects = this.#effects
    this.#context.enter(queue.topic, queue.partition, cursor, timestamp, isOwn)
    if (timestamp < 0 && headTime !== undefined && headTime.error === undefined) {
      this.#metrics.drop(source.name, 'invalid-timestamp')
      queue.pop()
      return true
    }
    try {
      if (headTime?.error !== undefined) throw untimed(headTime.error)
      if (timestamp < 0) throw invalidTimestamp(timestamp)
      if (timestamp > queue.partitionTime) queue.partitionTime = timestamp
      if (timestamp > this.#processors.streamTimeMs) this.#processors.streamTimeMs = timestamp
      this.#read(input, cursor)
      receive(record)
    } catch (error) {
      if (!this.#isSkipped(error, queue, source, effects)) return false
    }
    queue.pop()
    return true
  }

  #read({ record, source, queue, headTime }: Input, cursor: RecordCursor): void {
    record.timestamp = queue.headTimestamp
    // An extractor has had it read in already.
    if (headTime === undefined) {
      record.readKey(cursor.keyBytes(), source.keySerde)
      if (source.changes) {
        readChange(record, cursor.valueBytes(), source)
        return
      }
      record.readValue(cursor.valueBytes(), source.valueSerde)
    }
    if (source.lazy) return
    // Asking for them is what parses them.
    void record.key
    void record.value
  }

  /** Asks the handler of the stage. True: go on with the next record; false: try this one again later. */
  #isSkipped(error: unknown, queue: RecordQueue, source: SourceNode, effectsBefore: number): boolean {
    const failure = failureOf(error)
    if (isNotReady(failure.cause)) return this.#awaited(failure.cause, queue, effectsBefore)
    const cursor = queue.head!
    const record: FailedRecord = {
      ...this.#origin(failure, source.name),
      timestamp: cursor.timestamp,
      // As they were read: what comes back from the dead letters is the event that it was.
      headers: cursor.headers(),
      key: cursor.keyBytes(),
      value: cursor.valueBytes(),
      attempt: queue.attempts + 1,
    }
    if (!failure.isToBeRetried && this.#decide(failure, record) === 'skip') return true
    if (this.#effects !== effectsBefore) {
      const message = `${describeRecord(record)} cannot be tried again by itself: it has had effects already`
      throw streamsError('STREAMS_RETRY_AFTER_EFFECTS', message, fieldsOf(record), failure.cause)
    }
    queue.attempts++
    this.#retryAtMs = this.#options.clock.now() + this.#options.config.retryDelayMs
    return false
  }

  /**
   * A schema that the record needs is on its way from the registry. Where the record has done nothing yet, it waits;
   * otherwise the runtime begins again at the last commit, with the schema at hand by then.
   */
  #awaited(error: unknown, queue: RecordQueue, effectsBefore: number): false {
    const { retryDelayMs } = this.#options.config
    if (this.#effects !== effectsBefore || retryDelayMs === 0) throw error
    const nowMs = this.#options.clock.now()
    if (queue.attempts++ === 0) this.#awaitedSinceMs = nowMs
    else if (nowMs - this.#awaitedSinceMs >= notReadyToldMs) {
      this.#options.onFailure?.(error)
      this.#awaitedSinceMs = nowMs
    }
    this.#retryAtMs = nowMs + Math.min(retryDelayMs, notReadyRetryMs)
    return false
  }

  /**
   * A result that cannot be written, as Kafka Streams' ProductionExceptionHandler is asked about it: where it may be left out,
   * what else comes of the record in hand is written all the same.
   */
  #onNotProduced(failure: StageFailure): void {
    const { topic, partition, offset } = this.#context
    const input = this.#inputs.find(({ queue }) => queue.topic === topic && queue.partition === partition)
    const head = input?.queue.head
    // Held in a cache, or handed on by a punctuation: the record that it came of is not in hand.
    const cursor = head?.offset === offset ? head : undefined
    const record: FailedRecord = {
      ...this.#origin(failure, 'sink'),
      key: cursor?.keyBytes() ?? null,
      value: cursor?.valueBytes() ?? null,
      attempt: (cursor && input ? input.queue.attempts : 0) + 1,
    }
    if (this.#finalDecision(failure, record) === 'skip') return
    failure.beforeRetry?.()
    failure.isToBeRetried = true
    throw failure
  }

  /** Where it is to fail, nobody further out is asked again. */
  #finalDecision(failure: StageFailure, record: FailedRecord): 'skip' | 'retry' {
    if (isNotReady(failure.cause)) throw failure
    try {
      return this.#decide(failure, record)
    } catch (error) {
      throw new OutputFailure(error)
    }
  }

  /** An update that was held in a cache and cannot be written down or handed on. */
  #onFlushFailure(error: unknown): void {
    const failure = failureOf(error)
    if (isNotReady(failure.cause)) throw failure.cause
    const record: FailedRecord = { ...this.#origin(failure, 'cache'), key: null, value: null, attempt: 1 }
    if (failure.isToBeRetried || this.#decide(failure, record) === 'retry') throw failed(failure, record)
  }

  #decide(failure: StageFailure, record: FailedRecord): 'skip' | 'retry' {
    const { handlers } = this.#options.config
    const decision = isMistake(failure.cause) ? 'fail' : handlers[failure.stage](failure.cause, record)
    switch (decision) {
      case 'fail':
        throw failed(failure, record)
      case 'retry':
        return 'retry'
      case 'deadLetter':
        // What no record caused leaves nothing to set aside.
        if (record.topic === '') throw failed(failure, record)
        this.#effects++
        this.#metrics.deadLettered++
        this.#options.output.deadLetter(record, failure.cause)
        return 'skip'
      case 'continue':
        this.#metrics.drop(record.node, 'skipped')
        return 'skip'
    }
  }

  #origin(failure: StageFailure, node: string): Omit<FailedRecord, 'key' | 'value' | 'attempt'> {
    const { topic, partition, offset, timestamp } = this.#context
    const headers = timestamp < 0 ? noHeaders : this.#context.headers
    return { stage: failure.stage, topic, partition, offset, timestamp, headers, node: failure.node ?? node }
  }

  #input(topic: string, partition: number): Input {
    const input = this.#inputs.find(({ queue }) => queue.topic === topic && queue.partition === partition)
    if (input) return input
    throw new TypeError(`task ${taskIdText(this.id)} does not read ${topic}-${partition}`)
  }
}

function readChange(record: FlowRecord, bytes: Buffer | null, source: SourceNode): void {
  if (bytes === null) throw new StageFailure('deserialize', new TypeError('the record is no pair of old and new value'))
  try {
    const { newValue, oldValue } = decodeChange(source.valueSerde, bytes)
    record.setValue(newValue)
    record.oldValue = oldValue
  } catch (cause) {
    throw new StageFailure('deserialize', cause)
  }
}

/** Makes a task and opens its stores. */
export const createStreamTask: CreateStreamTask = (options) => new SynchronousTask(options)
