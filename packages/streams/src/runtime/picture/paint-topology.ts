import type { PhysicalNode } from '../../core/topology/physical.ts'
import type { SubtopologyPlan, TopologyPlan } from '../../core/topology/plan.ts'
import type { HostMap } from '../assignment/user-data.ts'
import type { StreamsState } from '../instance-state.ts'
import type { SampleBook } from './sample-book.ts'
import type {
  PictureEdge,
  PictureNode,
  PictureStore,
  PictureSubtopology,
  PictureTask,
  PictureTopic,
  TopologyPicture,
} from './topology-picture.ts'

export interface PaintOptions {
  readonly plan: TopologyPlan
  readonly instance: string
  readonly state: StreamsState
  readonly nowMs: number
  readonly book: SampleBook
  /** undefined while it is not known. */
  readonly partitionsOf: (topic: string) => number | undefined
  readonly host: string | undefined
  readonly hosts: Pick<HostMap, 'hosts' | 'standbyHosts'>
  readonly joinMisses: TopologyPicture['joinMisses']
}

/** Puts what the plan says and what the figures say together. */
export function paintTopology(options: PaintOptions): TopologyPicture {
  const { plan, instance, host, state, nowMs, book, hosts, joinMisses } = options
  return {
    version: 1,
    application: plan.applicationId,
    instance,
    ...(host !== undefined && { host }),
    state,
    takenAtMs: nowMs,
    rateSeconds: book.rateSeconds,
    subtopologies: plan.subtopologies.map((subtopology) => paintSubtopology(subtopology, options)),
    topics: paintTopics(options),
    joinMisses,
    hosts: paintHosts(hosts),
  }
}

function paintHosts({ hosts, standbyHosts = [] }: PaintOptions['hosts']): TopologyPicture['hosts'] {
  const [active, standby] = [new Map(hosts), new Map(standbyHosts)]
  return [...new Set([...active.keys(), ...standby.keys()])].map((host) => {
    return { host, tasks: (active.get(host) ?? []).toSorted(), standby: (standby.get(host) ?? []).toSorted() }
  })
}

function paintSubtopology(subtopology: SubtopologyPlan, { book }: PaintOptions): PictureSubtopology {
  const { id, isGlobal, nodes, stores } = subtopology
  const tasks = book.find('millrace_streams_task_state', {}).filter(({ labels }) => {
    return labels.task?.startsWith(`${id}_`) === true
  })
  return {
    id,
    isGlobal,
    nodes: nodes.map((node) => paintNode(node, book)),
    edges: nodes.flatMap(edgesOf),
    stores: stores.map(({ name, changelogTopic }) => paintStore(name, changelogTopic, book)),
    tasks: tasks.map(({ labels }) => paintTask(labels, book)).sort((a, b) => a.partition - b.partition),
  }
}

function paintNode(node: PhysicalNode, book: SampleBook): PictureNode {
  const { name, kind } = node
  const labels = { node: name }
  const drops = Map.groupBy(book.find('millrace_streams_dropped_records_total', labels), (one) => one.labels.reason!)
  const dropped = Object.fromEntries([...drops].map(([reason, samples]) => [reason, book.flowOf(samples)]))
  const records = recordsOf(node, book)
  const latency = book.max('millrace_streams_record_e2e_latency_seconds_max', labels)
  return {
    name,
    kind,
    stores: kind === 'processor' ? node.stores : [],
    topics: topicsOf(node),
    ...(records && { records }),
    ...(drops.size > 0 && { dropped }),
    ...(latency !== undefined && { latencyMs: latency * 1_000 }),
  }
}

function recordsOf({ name, kind }: PhysicalNode, book: SampleBook) {
  switch (kind) {
    case 'source':
      return book.flow('millrace_streams_topic_consumed_records_total', { node: name })
    case 'sink':
      return book.flow('millrace_streams_topic_produced_records_total', { node: name })
    case 'processor':
      return book.flow('millrace_streams_node_processed_records_total', { node: name })
  }
}

function topicsOf(node: PhysicalNode): readonly string[] {
  if (node.kind === 'source') return node.topics
  if (node.kind === 'processor') return []
  return node.choice === undefined ? [node.topic] : node.choice.targets.map(({ topic }) => topic)
}

function edgesOf(node: PhysicalNode): PictureEdge[] {
  const { name, children, kind } = node
  const topics = topicsOf(node)
  return [
    ...children.map((child) => ({ from: name, to: child, kind: 'forward' as const })),
    ...(kind === 'source' ? topics.map((topic) => ({ from: topic, to: name, kind: 'read' as const })) : []),
    ...(kind === 'sink' ? topics.map((topic) => ({ from: name, to: topic, kind: 'write' as const })) : []),
    ...(kind === 'processor' ? node.stores.map((store) => ({ from: name, to: store, kind: 'state' as const })) : []),
  ]
}

function paintStore(store: string, changelog: string | undefined, book: SampleBook): PictureStore {
  const cacheHits = book.flow('millrace_streams_cache_hits_total', { store })
  const cacheMisses = book.flow('millrace_streams_cache_misses_total', { store })
  return {
    name: store,
    ...(changelog !== undefined && { changelog }),
    ...(cacheHits && { cacheHits }),
    ...(cacheMisses && { cacheMisses }),
  }
}

function paintTask({ task = '', thread, state = '' }: Readonly<Record<string, string>>, book: SampleBook): PictureTask {
  const lags = book.find('millrace_streams_lag_records', { task }).map(({ labels, value: lag }) => {
    return { topic: labels.topic!, partition: Number(labels.partition), lag }
  })
  const streamTime = book.max('millrace_streams_task_stream_time_seconds', { task })
  return {
    id: task,
    partition: Number(task.slice(task.indexOf('_') + 1)),
    thread: Number(thread ?? 1),
    state,
    records: book.flow('millrace_streams_task_processed_records_total', { task }) ?? { total: 0, perSecond: 0 },
    lag: lags.reduce((sum, { lag }) => sum + lag, 0),
    lags,
    bufferedRecords: book.sum('millrace_streams_task_buffered_records', { task }) ?? 0,
    restoreRemaining: book.sum('millrace_streams_task_restore_remaining_records', { task }) ?? 0,
    ...(streamTime !== undefined && { streamTimeMs: streamTime * 1_000 }),
  }
}

function paintTopics({ plan, book, partitionsOf }: PaintOptions): PictureTopic[] {
  const kinds = new Map(plan.internalTopics.map(({ name, kind }) => [name, kind]))
  const readBy = Map.groupBy(
    pairs(plan, ({ sourceTopics }) => sourceTopics),
    ([topic]) => topic,
  )
  const writtenBy = Map.groupBy(
    pairs(plan, ({ sinkTopics, stores }) => [
      ...sinkTopics,
      ...stores.flatMap(({ changelogTopic }) => changelogTopic ?? []),
    ]),
    ([topic]) => topic,
  )
  const names = new Set([...readBy.keys(), ...writtenBy.keys(), ...kinds.keys()])
  return [...names].sort().map((name) => {
    const partitions = partitionsOf(name)
    const read = book.flow('millrace_streams_topic_consumed_records_total', { topic: name })
    const written = book.flow('millrace_streams_topic_produced_records_total', { topic: name })
    const lag = book.sum('millrace_streams_lag_records', { topic: name })
    return {
      name,
      kind: kinds.get(name) ?? 'external',
      readBy: (readBy.get(name) ?? []).map(([, id]) => id),
      writtenBy: (writtenBy.get(name) ?? []).map(([, id]) => id),
      ...(partitions !== undefined && { partitions }),
      ...(read && { read }),
      ...(written && { written }),
      ...(lag !== undefined && { lag }),
    }
  })
}

function pairs(plan: TopologyPlan, topicsOf: (subtopology: SubtopologyPlan) => readonly string[]): [string, number][] {
  return plan.subtopologies.flatMap((subtopology) =>
    [...new Set(topicsOf(subtopology))].map((topic): [string, number] => [topic, subtopology.id]),
  )
}
