import type { MetricSample } from '@millrace/base'
import type { DropReason } from './processor.ts'
import { type TaskId, taskIdText } from './topology/plan.ts'

/** What a task counts. */
export class TaskMetrics {
  processed = 0
  deadLettered = 0
  readonly #dropped = new Map<string, Map<DropReason, number>>()
  readonly #labels: Readonly<Record<string, string>>

  constructor(application: string, taskId: TaskId) {
    this.#labels = { application, task: taskIdText(taskId) }
  }

  drop(node: string, reason: DropReason): void {
    let reasons = this.#dropped.get(node)
    if (reasons === undefined) {
      reasons = new Map()
      this.#dropped.set(node, reasons)
    }
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }

  *samples(now: { streamTime: number; bufferedBytes: number; uncommittedBytes: number }): Generator<MetricSample> {
    const labels = this.#labels
    const task = (name: string, type: MetricSample['type'], help: string, value: number): MetricSample => {
      return { name: `millrace_streams_task_${name}`, type, help, labels, value }
    }
    yield task('processed_records_total', 'counter', 'Records processed.', this.processed)
    yield task('dead_lettered_records_total', 'counter', 'Records sent to a dead-letter topic.', this.deadLettered)
    yield task('buffered_bytes', 'gauge', 'Fetched batches waiting to be processed.', now.bufferedBytes)
    yield task('uncommitted_bytes', 'gauge', 'State written since the last commit.', now.uncommittedBytes)
    if (now.streamTime >= 0) {
      yield task('stream_time_seconds', 'gauge', 'Greatest timestamp so far, since the epoch.', now.streamTime / 1_000)
    }
    const help = 'Records that an operator left out, by reason.'
    for (const [node, reasons] of this.#dropped) {
      for (const [reason, value] of reasons) {
        yield {
          name: 'millrace_streams_dropped_records_total',
          type: 'counter',
          help,
          labels: { ...labels, node, reason },
          value,
        }
      }
    }
  }
}
