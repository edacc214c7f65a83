import type { MetricSample } from '@millrace/base'
import type { JoinMiss } from '../core/metrics/join-misses.ts'
import type { Measured } from '../core/metrics/measured.ts'
import { type StreamsMetric, sample } from '../core/metrics/metric-table.ts'
import { partitionText } from './active-task.ts'
import type { StreamsState } from './instance-state.ts'
import type { StreamThread } from './stream-thread.ts'
import type { ThreadHandle } from './threads/thread-handle.ts'

interface Subject {
  readonly applicationId: string
  readonly instanceId: string
  readonly state: StreamsState
  readonly level: 'info' | 'debug'
  readonly guarantee: string
  readonly threads: readonly ThreadHandle[]
  readonly failedThreads: number
}

/** Figures of an instance at the moment they are asked for; those of its threads carry the thread's number. */
export function* runtimeMetrics(subject: Subject): Generator<MetricSample> {
  const { applicationId, instanceId, state, level, guarantee, threads, failedThreads } = subject
  const labels = { application: applicationId, instance: instanceId }
  yield sample('millrace_streams_info', { ...labels, level, guarantee }, 1)
  yield sample('millrace_streams_ready', labels, state === 'running' ? 1 : 0)
  yield sample('millrace_streams_state', { ...labels, state }, 1)
  yield sample('millrace_streams_threads', labels, threads.length)
  yield sample('millrace_streams_threads_failed_total', labels, failedThreads)
  for (const thread of threads) {
    for (const own of thread.metrics()) {
      yield { ...own, labels: { ...labels, thread: String(thread.index), ...own.labels } }
    }
  }
}

/** Figures of one thread. */
export function* runtimeThreadMetrics(thread: StreamThread): Generator<MetricSample> {
  const { counters, tasks, transactor, isReady } = thread
  const figures: Partial<Record<StreamsMetric, number>> = {
    millrace_streams_records_processed_total: counters.processed,
    millrace_streams_records_produced_total: transactor.produced,
    millrace_streams_dead_letters_total: transactor.deadLetters,
    millrace_streams_commits_total: counters.commits,
    millrace_streams_failures_total: counters.failures,
    millrace_streams_rebalances_total: counters.rebalances,
    millrace_streams_tasks: tasks.assigned.length,
    millrace_streams_thread_tasks_created_total: tasks.counters.opened,
    millrace_streams_thread_tasks_closed_total: tasks.counters.closed,
    ...timeFigures(thread),
    ...stateFigures(thread),
  }
  for (const [name, value] of Object.entries(figures)) yield sample(name as StreamsMetric, {}, value)
  yield sample('millrace_streams_thread_state', { state: isReady ? 'running' : 'rebalancing' }, 1)
  for (const [task, lag] of thread.standbys.lags()) {
    if (lag !== undefined) yield sample('millrace_streams_standby_lag_records', { task }, lag)
  }
  yield* taskMetrics(thread)
}

function timeFigures({ times }: StreamThread): Partial<Record<StreamsMetric, number>> {
  const { polls, pollRecords, slices, sliceRecords, commits, waits, rebalances, startedMs, nowMs } = times
  const max = (measured: Measured): number => measured.recentMax(nowMs) ?? 0
  return {
    millrace_streams_thread_start_time_seconds: startedMs / 1_000,
    millrace_streams_thread_polls_total: polls.count,
    millrace_streams_thread_poll_seconds_total: polls.sum / 1_000,
    millrace_streams_thread_poll_seconds_max: max(polls) / 1_000,
    millrace_streams_thread_poll_records_total: pollRecords.sum,
    millrace_streams_thread_poll_records_max: max(pollRecords),
    millrace_streams_thread_slices_total: slices.count,
    millrace_streams_thread_slice_records_max: max(sliceRecords),
    millrace_streams_thread_process_seconds_total: slices.sum / 1_000,
    millrace_streams_thread_process_seconds_max: max(slices) / 1_000,
    millrace_streams_thread_commit_seconds_total: commits.sum / 1_000,
    millrace_streams_thread_commit_seconds_max: max(commits) / 1_000,
    millrace_streams_thread_blocked_seconds_total: (polls.sum + waits.sum) / 1_000,
    millrace_streams_rebalance_seconds_total: rebalances.sum / 1_000,
    millrace_streams_rebalance_seconds_max: max(rebalances) / 1_000,
  }
}

function stateFigures({
  times,
  tasks,
  restorer,
  standbys,
  isPaused,
}: StreamThread): Partial<Record<StreamsMetric, number>> {
  const restoring = tasks.assigned.filter(({ phase }) => phase === 'restoring')
  return {
    millrace_streams_restoring_tasks: restoring.length,
    millrace_streams_paused_tasks: isPaused ? tasks.assigned.length + tasks.standbys.length : 0,
    millrace_streams_restored_records_total: restorer.restoredRecords,
    millrace_streams_restore_remaining_records: restorer.remaining,
    millrace_streams_restore_steps_total: times.restores.count,
    millrace_streams_restore_seconds_total: times.restores.sum / 1_000,
    millrace_streams_standby_tasks: tasks.standbys.length,
    millrace_streams_standby_records_total: standbys.updatedRecords,
    millrace_streams_standby_seconds_total: times.standbys.sum / 1_000,
  }
}

/** The last misses of each task of a thread. */
export function joinMissesOf({ tasks }: StreamThread): readonly JoinMiss[] {
  return tasks.assigned.flatMap(({ task }) => task.joinMisses())
}

function* taskMetrics({ tasks, restorer }: StreamThread): Generator<MetricSample> {
  for (const active of tasks.assigned) {
    const { text, inputs, ends, committed, task } = active
    for (const input of inputs) {
      const end = ends.get(partitionText(input))
      const at = committed.get(partitionText(input))
      if (end === undefined || at === undefined) continue
      const where = { task: text, topic: input.topic, partition: String(input.partition) }
      yield sample('millrace_streams_lag_records', where, Math.max(0, end - at))
    }
    yield sample('millrace_streams_task_state', { task: text, state: active.phase }, 1)
    const restored = restorer.restoredBy.get(text) ?? 0
    yield sample('millrace_streams_task_restored_records_total', { task: text }, restored)
    yield sample('millrace_streams_task_restore_remaining_records', { task: text }, restorer.remainingOf(active))
    for (const own of task.metrics()) yield { ...own, labels: { task: text, ...own.labels } }
  }
}
