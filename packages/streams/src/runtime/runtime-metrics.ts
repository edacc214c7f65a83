import type { MetricSample } from '@millrace/base'
import type { StreamsState } from './instance-state.ts'
import type { StreamThread } from './stream-thread.ts'
import type { ThreadHandle } from './threads/thread-handle.ts'

interface Subject {
  readonly applicationId: string
  readonly instanceId: string
  readonly state: StreamsState
  readonly threads: readonly ThreadHandle[]
}

function sample(
  name: string,
  type: MetricSample['type'],
  help: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): MetricSample {
  return { name: `millrace_streams_${name}`, type, help, labels, value }
}

/** Figures of an instance at the moment they are asked for; those of its threads carry the thread's number. */
export function* runtimeMetrics({ applicationId, instanceId, state, threads }: Subject): Generator<MetricSample> {
  const labels = { application: applicationId, instance: instanceId }
  yield sample('ready', 'gauge', 'Whether every assigned task is at work.', state === 'running' ? 1 : 0, labels)
  yield sample('state', 'gauge', 'The state of the instance, as label.', 1, { ...labels, state })
  yield sample('threads', 'gauge', 'Threads of the instance.', threads.length, labels)
  for (const thread of threads) {
    for (const own of thread.metrics()) {
      yield { ...own, labels: { ...labels, thread: String(thread.index), ...own.labels } }
    }
  }
}

/** Figures of one thread. */
export function* runtimeThreadMetrics(thread: StreamThread): Generator<MetricSample> {
  const { counters, tasks, restorer, standbys, transactor } = thread
  yield sample('records_processed_total', 'counter', 'Input records processed.', counters.processed)
  yield sample(
    'records_produced_total',
    'counter',
    'Records written to topics, changelogs left out.',
    transactor.produced,
  )
  yield sample('dead_letters_total', 'counter', 'Records set aside.', transactor.deadLetters)
  yield sample('commits_total', 'counter', 'Commits that had something to say.', counters.commits)
  yield sample('failures_total', 'counter', 'Failures that were survived by beginning again.', counters.failures)
  yield sample('rebalances_total', 'counter', 'Assignments received.', counters.rebalances)
  yield sample('restored_records_total', 'counter', 'Changelog records restored.', restorer.restoredRecords)
  yield sample('restore_remaining_records', 'gauge', 'Changelog records still to be restored.', restorer.remaining)
  yield sample(
    'standby_records_total',
    'counter',
    'Changelog records applied to standby copies.',
    standbys.updatedRecords,
  )
  yield sample('standby_tasks', 'gauge', 'Standby copies, warm-ups included.', tasks.standbys.length)
  for (const [task, lag] of standbys.lags()) {
    if (lag !== undefined) yield sample('standby_lag_records', 'gauge', 'What a standby copy misses.', lag, { task })
  }
  yield sample('tasks', 'gauge', 'Tasks assigned to the instance.', tasks.assigned.length)
  for (const { text, inputs, ends, committed, task } of tasks.assigned) {
    for (const { topic, partition } of inputs) {
      const end = ends.get(`${topic}/${partition}`)
      const at = committed.get(`${topic}/${partition}`)
      if (end === undefined || at === undefined) continue
      const where = { task: text, topic, partition: String(partition) }
      yield sample(
        'lag_records',
        'gauge',
        'Records between what is committed and the end.',
        Math.max(0, end - at),
        where,
      )
    }
    for (const own of task.metrics()) yield { ...own, labels: { task: text, ...own.labels } }
  }
}
