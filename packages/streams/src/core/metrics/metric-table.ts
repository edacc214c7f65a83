import type { MetricSample } from '@millrace/base'

/** One metric: what it says, and what says the same in Kafka Streams. */
export interface MetricFamily {
  readonly type: MetricSample['type']
  readonly help: string
  /** Names of its labels beside `application` and `instance`. */
  readonly labels: readonly string[]
  /** JMX group and names in Kafka Streams 4.3. Rates and averages there are counters here: their quotients are the reader's to make. */
  readonly jmx: readonly string[]
  /** Taken only with `metricsLevel: 'debug'`. */
  readonly debug?: true
}

const client = 'stream-metrics'
const thread = 'stream-thread-metrics'
const updater = 'stream-state-updater-metrics'
const task = 'stream-task-metrics'
const node = 'stream-processor-node-metrics'
const topic = 'stream-topic-metrics'
const store = 'stream-state-metrics'
const cache = 'stream-record-cache-metrics'

function jmx(group: string, ...names: readonly string[]): string[] {
  return names.map((name) => `${group}:${name}`)
}

const operations = ['get', 'put', 'delete', 'fetch', 'range', 'flush', 'commit', 'restore']

/** Every metric of an application, in the order of the reference. */
export const streamsMetrics = {
  millrace_streams_info: {
    type: 'gauge',
    help: 'Always 1; what runs, as labels.',
    labels: ['level', 'guarantee'],
    jmx: jmx(client, 'application-id', 'recording-level'),
  },
  millrace_streams_ready: {
    type: 'gauge',
    help: 'Whether every assigned task is at work.',
    labels: [],
    jmx: [],
  },
  millrace_streams_state: {
    type: 'gauge',
    help: 'The state of the instance, as label.',
    labels: ['state'],
    jmx: jmx(client, 'state', 'client-state'),
  },
  millrace_streams_threads: {
    type: 'gauge',
    help: 'Threads of the instance.',
    labels: [],
    jmx: jmx(client, 'alive-stream-threads'),
  },
  millrace_streams_threads_failed_total: {
    type: 'counter',
    help: 'Threads that ended by a failure.',
    labels: [],
    jmx: jmx(client, 'failed-stream-threads'),
  },
  millrace_streams_records_processed_total: {
    type: 'counter',
    help: 'Input records processed.',
    labels: ['thread'],
    jmx: jmx(thread, 'process-total', 'process-rate'),
  },
  millrace_streams_records_produced_total: {
    type: 'counter',
    help: 'Records written to topics, changelogs left out.',
    labels: ['thread'],
    jmx: [],
  },
  millrace_streams_dead_letters_total: {
    type: 'counter',
    help: 'Records set aside.',
    labels: ['thread'],
    jmx: [],
  },
  millrace_streams_commits_total: {
    type: 'counter',
    help: 'Commits that had something to say.',
    labels: ['thread'],
    jmx: jmx(thread, 'commit-total', 'commit-rate'),
  },
  millrace_streams_failures_total: {
    type: 'counter',
    help: 'Failures that were survived by beginning again.',
    labels: ['thread'],
    jmx: [],
  },
  millrace_streams_rebalances_total: {
    type: 'counter',
    help: 'Assignments received.',
    labels: ['thread'],
    jmx: [],
  },
  millrace_streams_rebalance_seconds_total: {
    type: 'counter',
    help: 'Time from giving tasks up, or from the start, to an assignment.',
    labels: ['thread'],
    jmx: [],
  },
  millrace_streams_rebalance_seconds_max: {
    type: 'gauge',
    help: 'The longest of late.',
    labels: ['thread'],
    jmx: [],
  },
  millrace_streams_thread_state: {
    type: 'gauge',
    help: 'Whether the thread has joined its group and all its tasks are at work, as label.',
    labels: ['thread', 'state'],
    jmx: jmx(thread, 'state', 'thread-state'),
  },
  millrace_streams_thread_start_time_seconds: {
    type: 'gauge',
    help: 'When the thread began, since the epoch.',
    labels: ['thread'],
    jmx: jmx(thread, 'thread-start-time'),
  },
  millrace_streams_thread_polls_total: {
    type: 'counter',
    help: 'Polls for records.',
    labels: ['thread'],
    jmx: jmx(thread, 'poll-total', 'poll-rate'),
  },
  millrace_streams_thread_poll_seconds_total: {
    type: 'counter',
    help: 'Time in polls, waiting for records included.',
    labels: ['thread'],
    jmx: jmx(thread, 'poll-latency-avg', 'poll-ratio'),
  },
  millrace_streams_thread_poll_seconds_max: {
    type: 'gauge',
    help: 'The longest of late.',
    labels: ['thread'],
    jmx: jmx(thread, 'poll-latency-max'),
  },
  millrace_streams_thread_poll_records_total: {
    type: 'counter',
    help: 'Records that polls brought.',
    labels: ['thread'],
    jmx: jmx(thread, 'poll-records-avg'),
  },
  millrace_streams_thread_poll_records_max: {
    type: 'gauge',
    help: 'The most of one poll of late.',
    labels: ['thread'],
    jmx: jmx(thread, 'poll-records-max'),
  },
  millrace_streams_thread_slices_total: {
    type: 'counter',
    help: 'Slices of processing.',
    labels: ['thread'],
    jmx: jmx(thread, 'process-records-avg'),
  },
  millrace_streams_thread_slice_records_max: {
    type: 'gauge',
    help: 'The most records of one slice of late.',
    labels: ['thread'],
    jmx: jmx(thread, 'process-records-max'),
  },
  millrace_streams_thread_process_seconds_total: {
    type: 'counter',
    help: 'Time in slices of processing, punctuations included.',
    labels: ['thread'],
    jmx: jmx(thread, 'process-latency-avg', 'process-ratio'),
  },
  millrace_streams_thread_process_seconds_max: {
    type: 'gauge',
    help: 'The longest slice of late.',
    labels: ['thread'],
    jmx: jmx(thread, 'process-latency-max'),
  },
  millrace_streams_thread_commit_seconds_total: {
    type: 'counter',
    help: 'Time in commits, from flushing caches to writing stores.',
    labels: ['thread'],
    jmx: jmx(thread, 'commit-latency-avg', 'commit-ratio'),
  },
  millrace_streams_thread_commit_seconds_max: {
    type: 'gauge',
    help: 'The longest of late.',
    labels: ['thread'],
    jmx: jmx(thread, 'commit-latency-max'),
  },
  millrace_streams_thread_blocked_seconds_total: {
    type: 'counter',
    help: 'Time spent waiting for brokers: for records, for room in what is on its way, for commits.',
    labels: ['thread'],
    jmx: jmx(thread, 'blocked-time-ns-total'),
  },
  millrace_streams_thread_tasks_created_total: {
    type: 'counter',
    help: 'Tasks opened.',
    labels: ['thread'],
    jmx: jmx(thread, 'task-created-total', 'task-created-rate'),
  },
  millrace_streams_thread_tasks_closed_total: {
    type: 'counter',
    help: 'Tasks closed.',
    labels: ['thread'],
    jmx: jmx(thread, 'task-closed-total', 'task-closed-rate'),
  },
  millrace_streams_tasks: {
    type: 'gauge',
    help: 'Tasks assigned to the instance.',
    labels: ['thread'],
    jmx: [],
  },
  millrace_streams_restoring_tasks: {
    type: 'gauge',
    help: 'Tasks whose state is being restored.',
    labels: ['thread'],
    jmx: jmx(updater, 'active-restoring-tasks'),
  },
  millrace_streams_paused_tasks: {
    type: 'gauge',
    help: 'Tasks and standby copies that stand still because the application is paused.',
    labels: ['thread'],
    jmx: jmx(updater, 'active-paused-tasks', 'standby-paused-tasks'),
  },
  millrace_streams_restored_records_total: {
    type: 'counter',
    help: 'Changelog records restored.',
    labels: ['thread'],
    jmx: jmx(updater, 'restore-records-rate'),
  },
  millrace_streams_restore_remaining_records: {
    type: 'gauge',
    help: 'Changelog records still to be restored.',
    labels: ['thread'],
    jmx: [],
  },
  millrace_streams_restore_steps_total: {
    type: 'counter',
    help: 'Steps of restoring.',
    labels: ['thread'],
    jmx: jmx(updater, 'restore-call-rate'),
  },
  millrace_streams_restore_seconds_total: {
    type: 'counter',
    help: 'Time in steps of restoring, waiting for records included.',
    labels: ['thread'],
    jmx: jmx(updater, 'active-restore-ratio'),
  },
  millrace_streams_standby_tasks: {
    type: 'gauge',
    help: 'Standby copies, warm-ups included.',
    labels: ['thread'],
    jmx: jmx(updater, 'standby-updating-tasks'),
  },
  millrace_streams_standby_records_total: {
    type: 'counter',
    help: 'Changelog records applied to standby copies.',
    labels: ['thread'],
    jmx: [],
  },
  millrace_streams_standby_seconds_total: {
    type: 'counter',
    help: 'Time in steps of following changelogs.',
    labels: ['thread'],
    jmx: jmx(updater, 'standby-update-ratio'),
  },
  millrace_streams_standby_lag_records: {
    type: 'gauge',
    help: 'What a standby copy misses.',
    labels: ['thread', 'task'],
    jmx: [],
  },
  millrace_streams_lag_records: {
    type: 'gauge',
    help: 'Records between what is committed and the end.',
    labels: ['thread', 'task', 'topic', 'partition'],
    jmx: [],
  },
  millrace_streams_global_records_total: {
    type: 'counter',
    help: 'Records read into global tables.',
    labels: [],
    jmx: [],
  },
  millrace_streams_task_state: {
    type: 'gauge',
    help: 'Where the task stands (assigned, restoring, running), as label.',
    labels: ['task', 'state'],
    jmx: [],
  },
  millrace_streams_task_processed_records_total: {
    type: 'counter',
    help: 'Records processed.',
    labels: ['task'],
    jmx: jmx(task, 'process-total', 'process-rate'),
  },
  millrace_streams_task_process_seconds_total: {
    type: 'counter',
    help: 'Time in slices of processing.',
    labels: ['task'],
    jmx: jmx(task, 'active-process-ratio'),
  },
  millrace_streams_task_record_seconds_total: {
    type: 'counter',
    help: 'Time in processing, record by record.',
    labels: ['task'],
    jmx: jmx(task, 'process-latency-avg'),
    debug: true,
  },
  millrace_streams_task_record_seconds_max: {
    type: 'gauge',
    help: 'The longest record of late.',
    labels: ['task'],
    jmx: jmx(task, 'process-latency-max'),
    debug: true,
  },
  millrace_streams_task_record_lateness_seconds_total: {
    type: 'counter',
    help: 'How far records were behind the stream time of their task, added up.',
    labels: ['task'],
    jmx: jmx(task, 'record-lateness-avg'),
    debug: true,
  },
  millrace_streams_task_record_lateness_seconds_max: {
    type: 'gauge',
    help: 'The latest of late.',
    labels: ['task'],
    jmx: jmx(task, 'record-lateness-max'),
    debug: true,
  },
  millrace_streams_task_enforced_processing_total: {
    type: 'counter',
    help: 'Slices that began although an input was empty, after waiting for `maxTaskIdleMs`.',
    labels: ['task'],
    jmx: jmx(task, 'enforced-processing-total', 'enforced-processing-rate'),
  },
  millrace_streams_task_punctuations_total: {
    type: 'counter',
    help: 'Calls of punctuators.',
    labels: ['task'],
    jmx: [...jmx(task, 'punctuate-total', 'punctuate-rate'), ...jmx(thread, 'punctuate-total', 'punctuate-rate')],
  },
  millrace_streams_task_punctuation_seconds_total: {
    type: 'counter',
    help: 'Time in punctuators.',
    labels: ['task'],
    jmx: [...jmx(task, 'punctuate-latency-avg'), ...jmx(thread, 'punctuate-latency-avg', 'punctuate-ratio')],
  },
  millrace_streams_task_punctuation_seconds_max: {
    type: 'gauge',
    help: 'The longest of late.',
    labels: ['task'],
    jmx: [...jmx(task, 'punctuate-latency-max'), ...jmx(thread, 'punctuate-latency-max')],
  },
  millrace_streams_dropped_records_total: {
    type: 'counter',
    help: 'Records that an operator left out, by reason.',
    labels: ['task', 'node', 'reason'],
    jmx: jmx(task, 'dropped-records-total', 'dropped-records-rate'),
  },
  millrace_streams_join_misses_total: {
    type: 'counter',
    help: 'Records of a stream that found no row of the table they are joined with, by reason.',
    labels: ['task', 'node', 'reason'],
    jmx: [],
  },
  millrace_streams_task_dead_lettered_records_total: {
    type: 'counter',
    help: 'Records sent to a dead-letter topic.',
    labels: ['task'],
    jmx: [],
  },
  millrace_streams_task_buffered_records: {
    type: 'gauge',
    help: 'Fetched records waiting to be processed; an upper bound.',
    labels: ['task'],
    jmx: jmx(task, 'active-buffer-count'),
  },
  millrace_streams_task_buffered_bytes: {
    type: 'gauge',
    help: 'Fetched batches waiting to be processed.',
    labels: ['task'],
    jmx: [],
  },
  millrace_streams_task_uncommitted_bytes: {
    type: 'gauge',
    help: 'State written since the last commit.',
    labels: ['task'],
    jmx: [],
  },
  millrace_streams_task_cache_bytes: {
    type: 'gauge',
    help: 'What the record caches of the task hold, by estimate.',
    labels: ['task'],
    jmx: jmx(task, 'cache-size-bytes-total'),
  },
  millrace_streams_task_stream_time_seconds: {
    type: 'gauge',
    help: 'Greatest timestamp so far, since the epoch.',
    labels: ['task'],
    jmx: [],
  },
  millrace_streams_task_restored_records_total: {
    type: 'counter',
    help: 'Changelog records restored for the task by this thread.',
    labels: ['task'],
    jmx: jmx(task, 'restore-total', 'restore-rate'),
  },
  millrace_streams_task_restore_remaining_records: {
    type: 'gauge',
    help: 'Changelog records still to be restored.',
    labels: ['task'],
    jmx: jmx(task, 'restore-remaining-records-total'),
  },
  millrace_streams_node_processed_records_total: {
    type: 'counter',
    help: 'Records that the node was given.',
    labels: ['task', 'node'],
    jmx: jmx(node, 'process-total', 'process-rate'),
    debug: true,
  },
  millrace_streams_node_forwarded_records_total: {
    type: 'counter',
    help: 'Records that the node handed on: final results, where it holds them back until windows close.',
    labels: ['task', 'node'],
    jmx: jmx(
      node,
      'suppression-emit-total',
      'suppression-emit-rate',
      'window-aggregate-final-emit-total',
      'window-aggregate-final-emit-rate',
    ),
    debug: true,
  },
  millrace_streams_record_e2e_latency_seconds_total: {
    type: 'counter',
    help: 'Age of records by the clock when a source took them or a sink wrote them, added up: the last one of each slice, or each one with `debug`.',
    labels: ['task', 'node'],
    jmx: jmx(node, 'record-e2e-latency-avg'),
  },
  millrace_streams_record_e2e_latency_samples_total: {
    type: 'counter',
    help: 'How many ages were added up.',
    labels: ['task', 'node'],
    jmx: jmx(node, 'record-e2e-latency-avg'),
  },
  millrace_streams_record_e2e_latency_seconds_min: {
    type: 'gauge',
    help: 'The least age of late.',
    labels: ['task', 'node'],
    jmx: jmx(node, 'record-e2e-latency-min'),
  },
  millrace_streams_record_e2e_latency_seconds_max: {
    type: 'gauge',
    help: 'The greatest age of late.',
    labels: ['task', 'node'],
    jmx: jmx(node, 'record-e2e-latency-max'),
  },
  millrace_streams_topic_consumed_records_total: {
    type: 'counter',
    help: 'Records that a source took.',
    labels: ['task', 'node', 'topic'],
    jmx: jmx(topic, 'records-consumed-total'),
  },
  millrace_streams_topic_consumed_bytes_total: {
    type: 'counter',
    help: 'Batches that were fetched for a source, as they came.',
    labels: ['task', 'node', 'topic'],
    jmx: jmx(topic, 'bytes-consumed-total'),
  },
  millrace_streams_topic_produced_records_total: {
    type: 'counter',
    help: 'Records that a sink wrote.',
    labels: ['task', 'node', 'topic'],
    jmx: jmx(topic, 'records-produced-total'),
  },
  millrace_streams_topic_produced_bytes_total: {
    type: 'counter',
    help: 'Keys and values that a sink wrote.',
    labels: ['task', 'node', 'topic'],
    jmx: jmx(topic, 'bytes-produced-total'),
  },
  millrace_streams_store_operations_total: {
    type: 'counter',
    help: 'Calls of a store by what they do.',
    labels: ['task', 'store', 'operation'],
    jmx: jmx(store, ...operations.map((name) => `${name}-rate`)),
    debug: true,
  },
  millrace_streams_store_operation_seconds_total: {
    type: 'counter',
    help: 'Time in them; iterations count until they are handed out.',
    labels: ['task', 'store', 'operation'],
    jmx: jmx(store, ...operations.map((name) => `${name}-latency-avg`)),
    debug: true,
  },
  millrace_streams_store_operation_seconds_max: {
    type: 'gauge',
    help: 'The longest of late.',
    labels: ['task', 'store', 'operation'],
    jmx: jmx(store, ...operations.map((name) => `${name}-latency-max`)),
    debug: true,
  },
  millrace_streams_store_record_e2e_latency_seconds_max: {
    type: 'gauge',
    help: 'The greatest age of late of a record when it made a store change.',
    labels: ['task', 'store'],
    jmx: jmx(store, 'record-e2e-latency-max'),
    debug: true,
  },
  millrace_streams_store_record_e2e_latency_seconds_min: {
    type: 'gauge',
    help: 'The least age.',
    labels: ['task', 'store'],
    jmx: jmx(store, 'record-e2e-latency-min'),
    debug: true,
  },
  millrace_streams_store_record_e2e_latency_seconds_total: {
    type: 'counter',
    help: 'Ages added up, once for each put.',
    labels: ['task', 'store'],
    jmx: jmx(store, 'record-e2e-latency-avg'),
    debug: true,
  },
  millrace_streams_store_uncommitted_bytes: {
    type: 'gauge',
    help: 'What the store will write at the next commit.',
    labels: ['task', 'store'],
    jmx: [],
  },
  millrace_streams_store_held_records: {
    type: 'gauge',
    help: 'Changes that a suppression holds back.',
    labels: ['task', 'store'],
    jmx: jmx(store, 'suppression-buffer-count-avg'),
  },
  millrace_streams_store_held_records_max: {
    type: 'gauge',
    help: 'The most of late.',
    labels: ['task', 'store'],
    jmx: jmx(store, 'suppression-buffer-count-max'),
  },
  millrace_streams_store_held_bytes: {
    type: 'gauge',
    help: 'What they take up, where the bounds of the buffer count it.',
    labels: ['task', 'store'],
    jmx: jmx(store, 'suppression-buffer-size-avg'),
  },
  millrace_streams_store_held_bytes_max: {
    type: 'gauge',
    help: 'The most of late.',
    labels: ['task', 'store'],
    jmx: jmx(store, 'suppression-buffer-size-max'),
  },
  millrace_streams_cache_hits_total: {
    type: 'counter',
    help: 'Reads that the record cache answered.',
    labels: ['task', 'store'],
    jmx: jmx(cache, 'hit-ratio-avg', 'hit-ratio-min', 'hit-ratio-max'),
  },
  millrace_streams_cache_misses_total: {
    type: 'counter',
    help: 'Reads that it did not.',
    labels: ['task', 'store'],
    jmx: jmx(cache, 'hit-ratio-avg', 'hit-ratio-min', 'hit-ratio-max'),
  },
  millrace_streams_cache_bytes: {
    type: 'gauge',
    help: 'What the record cache of the store holds, by estimate.',
    labels: ['task', 'store'],
    jmx: [],
  },
} as const satisfies Readonly<Record<string, MetricFamily>>

export type StreamsMetric = keyof typeof streamsMetrics

/** One figure of the table. */
export function sample(name: StreamsMetric, labels: Readonly<Record<string, string>>, value: number): MetricSample {
  const { type, help } = streamsMetrics[name]
  return { name, type, help, labels, value }
}
