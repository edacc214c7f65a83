import type { MetricSample } from '@millrace/base'
import type { DropReason, MissReason } from '../processor.ts'
import type { RecordContext } from '../record-context.ts'
import { type TaskId, taskIdText } from '../topology/plan.ts'
import { JoinMisses } from './join-misses.ts'
import { Measured } from './measured.ts'
import { sample } from './metric-table.ts'

/** What a sink has written. Its last time is kept so that an age can be taken between slices rather than for each record. */
export class SinkFigures {
  readonly node: string
  readonly topic: string
  records = 0
  bytes = 0
  timestamp = -1
  sampledRecords = 0

  constructor(node: string, topic: string) {
    this.node = node
    this.topic = topic
  }
}

/** What a source has taken. */
export interface SourceFigures {
  readonly node: string
  readonly topic: string
  readonly records: number
  readonly bytes: number
}

/** Taken only with `debug`. */
export interface NodeFigures {
  processed: number
  forwarded: number
}

export interface MomentaryFigures {
  readonly nowMs: number
  readonly streamTime: number
  readonly bufferedRecords: number
  readonly bufferedBytes: number
  readonly uncommittedBytes: number
  readonly cacheBytes: number
  readonly sources: readonly SourceFigures[]
}

/** What a task counts. Times are milliseconds here, seconds outside. */
export class TaskMetrics {
  processed = 0
  deadLettered = 0
  enforced = 0
  readonly slices = new Measured()
  readonly punctuations = new Measured()
  /** With `debug`: record by record. */
  readonly records = new Measured()
  readonly lateness = new Measured()
  readonly #dropped = new Map<string, Map<DropReason, number>>()
  readonly misses: JoinMisses
  readonly #misses = new Map<string, Map<MissReason, number>>()
  readonly #sinks: SinkFigures[] = []
  readonly #nodes = new Map<string, NodeFigures>()
  readonly #ages = new Map<string, Measured>()
  readonly #labels: Readonly<Record<string, string>>

  constructor(application: string, taskId: TaskId) {
    const task = taskIdText(taskId)
    this.#labels = { application, task }
    this.misses = new JoinMisses(task)
  }

  miss(node: string, reason: MissReason, context: RecordContext, timestamp: number, tableTimeMs: number): void {
    this.misses.add(node, reason, context, timestamp, tableTimeMs)
    const reasons = this.#misses.get(node) ?? new Map<MissReason, number>()
    this.#misses.set(node, reasons)
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }

  drop(node: string, reason: DropReason): void {
    let reasons = this.#dropped.get(node)
    if (reasons === undefined) {
      reasons = new Map()
      this.#dropped.set(node, reasons)
    }
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }

  sink(node: string, topic: string): SinkFigures {
    const figures = new SinkFigures(node, topic)
    this.#sinks.push(figures)
    return figures
  }

  node(name: string): NodeFigures {
    const figures = { processed: 0, forwarded: 0 }
    this.#nodes.set(name, figures)
    return figures
  }

  /** How old records were when the node had them; by the clock, so that it may be negative. */
  ageAt(node: string): Measured {
    let ages = this.#ages.get(node)
    if (ages === undefined) {
      ages = new Measured()
      this.#ages.set(node, ages)
    }
    return ages
  }

  /** Takes the age of the last record of each sink that has written any since. */
  sampleSinks(nowMs: number): void {
    for (const sink of this.#sinks) {
      if (sink.sampledRecords === sink.records) continue
      sink.sampledRecords = sink.records
      this.ageAt(sink.node).record(nowMs - sink.timestamp, nowMs)
    }
  }

  *samples(now: MomentaryFigures): Generator<MetricSample> {
    const labels = this.#labels
    yield sample('millrace_streams_task_processed_records_total', labels, this.processed)
    yield sample('millrace_streams_task_process_seconds_total', labels, this.slices.sum / 1_000)
    yield sample('millrace_streams_task_enforced_processing_total', labels, this.enforced)
    yield sample('millrace_streams_task_dead_lettered_records_total', labels, this.deadLettered)
    yield sample('millrace_streams_task_buffered_records', labels, now.bufferedRecords)
    yield sample('millrace_streams_task_buffered_bytes', labels, now.bufferedBytes)
    yield sample('millrace_streams_task_uncommitted_bytes', labels, now.uncommittedBytes)
    yield sample('millrace_streams_task_cache_bytes', labels, now.cacheBytes)
    if (now.streamTime >= 0) {
      yield sample('millrace_streams_task_stream_time_seconds', labels, now.streamTime / 1_000)
    }
    yield* this.#punctuationSamples(now.nowMs)
    yield* this.#recordSamples(now.nowMs)
    yield* this.#nodeSamples(now)
  }

  *#punctuationSamples(nowMs: number): Generator<MetricSample> {
    const { count, sum } = this.punctuations
    if (count === 0) return
    const labels = this.#labels
    yield sample('millrace_streams_task_punctuations_total', labels, count)
    yield sample('millrace_streams_task_punctuation_seconds_total', labels, sum / 1_000)
    const max = this.punctuations.recentMax(nowMs)
    if (max !== undefined) yield sample('millrace_streams_task_punctuation_seconds_max', labels, max / 1_000)
  }

  *#recordSamples(nowMs: number): Generator<MetricSample> {
    const { records, lateness } = this
    if (records.count === 0) return
    const labels = this.#labels
    yield sample('millrace_streams_task_record_seconds_total', labels, records.sum / 1_000)
    yield sample('millrace_streams_task_record_lateness_seconds_total', labels, lateness.sum / 1_000)
    const max = records.recentMax(nowMs)
    if (max !== undefined) yield sample('millrace_streams_task_record_seconds_max', labels, max / 1_000)
    const latest = lateness.recentMax(nowMs)
    if (latest !== undefined) yield sample('millrace_streams_task_record_lateness_seconds_max', labels, latest / 1_000)
  }

  *#nodeSamples({ nowMs, sources }: MomentaryFigures): Generator<MetricSample> {
    for (const [node, reasons] of this.#dropped) {
      for (const [reason, count] of reasons) {
        yield sample('millrace_streams_dropped_records_total', { ...this.#labels, node, reason }, count)
      }
    }
    for (const [node, reasons] of this.#misses) {
      for (const [reason, count] of reasons) {
        yield sample('millrace_streams_join_misses_total', { ...this.#labels, node, reason }, count)
      }
    }
    for (const { node, topic, records, bytes } of sources) {
      const labels = { ...this.#labels, node, topic }
      yield sample('millrace_streams_topic_consumed_records_total', labels, records)
      yield sample('millrace_streams_topic_consumed_bytes_total', labels, bytes)
    }
    for (const { node, topic, records, bytes } of this.#sinks) {
      const labels = { ...this.#labels, node, topic }
      yield sample('millrace_streams_topic_produced_records_total', labels, records)
      yield sample('millrace_streams_topic_produced_bytes_total', labels, bytes)
    }
    for (const [node, { processed, forwarded }] of this.#nodes) {
      const labels = { ...this.#labels, node }
      yield sample('millrace_streams_node_processed_records_total', labels, processed)
      yield sample('millrace_streams_node_forwarded_records_total', labels, forwarded)
    }
    for (const [node, ages] of this.#ages) yield* ageSamples(ages, { ...this.#labels, node }, nowMs)
  }
}

function* ageSamples(ages: Measured, labels: Readonly<Record<string, string>>, nowMs: number): Generator<MetricSample> {
  yield sample('millrace_streams_record_e2e_latency_seconds_total', labels, ages.sum / 1_000)
  yield sample('millrace_streams_record_e2e_latency_samples_total', labels, ages.count)
  const [min, max] = [ages.recentMin(nowMs), ages.recentMax(nowMs)]
  if (min !== undefined) yield sample('millrace_streams_record_e2e_latency_seconds_min', labels, min / 1_000)
  if (max !== undefined) yield sample('millrace_streams_record_e2e_latency_seconds_max', labels, max / 1_000)
}
