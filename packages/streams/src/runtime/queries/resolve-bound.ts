import { type Clock, sleep } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import type { PhysicalNode } from '../../core/topology/physical.ts'
import type { StorePlan, SubtopologyPlan, TopologyPlan } from '../../core/topology/plan.ts'
import { streamsError } from '../../errors.ts'
import { boundOf, mergePositions, offsetsOf, type PositionBound } from './position.ts'

export interface ResolveBoundOptions {
  readonly client: KafkaClient
  readonly plan: TopologyPlan
  readonly partitionsOf: (topic: string) => number
  readonly clock: Clock
  readonly store: StorePlan
  readonly bound: PositionBound
  /** When to give up (clock milliseconds). */
  readonly deadlineMs: number
}

const askAgainMs = 20

/**
 * A bound in terms of what the store's own task reads. Kafka Streams compares a bound with the store's inputs alone, so that a
 * write to a topic whose records reach the store through a repartition topic can never be waited for. Here it is
 * followed: once the task that reads the write has committed beyond it, its output lies before the ends of the
 * repartition topics, and those ends are the bound of whoever reads them. The order matters: committed offsets first. So it
 * is where the store's own task reads the write, but has the result only when another task has answered (a foreign-key join).
 *
 * @throws STREAMS_BOUND_UNRELATED, STREAMS_BOUND_NOT_REACHED
 */
export async function resolveBound(options: ResolveBoundOptions): Promise<PositionBound> {
  const { plan, store } = options
  const own = plan.subtopologies[store.subtopology]!
  let open = options.bound
  let resolved: PositionBound = {}
  // A way passes each topic once; topics that lead round in a circle would be followed for ever.
  const hopsMax = plan.subtopologies.flatMap(({ sourceTopics }) => sourceTopics).length
  for (let hops = 0; hops <= hopsMax && Object.keys(open).length > 0; hops++) {
    let next: PositionBound = {}
    for (const [topic, partitions] of Object.entries(open)) {
      if (own.sourceTopics.includes(topic)) resolved = mergePositions(resolved, { [topic]: partitions })
      const between = plan.subtopologies.filter(
        (each) => each !== own && each.sourceTopics.includes(topic) && leadsTo(plan, each, own),
      )
      const asked = askedOfOthers(plan, store, topic)
      if (between.length === 0 && !own.sourceTopics.includes(topic)) throw unrelated(store, topic)
      if (between.length === 0 && asked.length === 0) continue
      await committedBeyond(options, { [topic]: partitions })
      const onward = [
        ...between.flatMap((each) => writtenOf(each, topic)).filter((sink) => isReadOnTheWay(plan, sink, own)),
        ...asked,
      ]
      next = mergePositions(next, await endsOf(options, onward))
    }
    open = next
  }
  return resolved
}

/** Whether nothing has to be asked: the store's task reads everything that the bound names, and reads it first. */
export function isDirect(plan: TopologyPlan, store: StorePlan, bound: PositionBound): boolean {
  const own = plan.subtopologies[store.subtopology]!
  return Object.keys(bound).every(
    (topic) =>
      own.sourceTopics.includes(topic) &&
      askedOfOthers(plan, store, topic).length === 0 &&
      !plan.subtopologies.some((each) => each !== own && each.sourceTopics.includes(topic) && leadsTo(plan, each, own)),
  )
}

/** Topics that the store's task writes when it reads this one, and whose records come back to the store, through other tasks or not. */
function askedOfOthers(plan: TopologyPlan, store: StorePlan, topic: string): readonly string[] {
  const own = plan.subtopologies[store.subtopology]!
  return behind(own, topic)
    .flatMap(topicsOf)
    .filter((sink) => comesBack(plan, store, sink))
}

function comesBack(plan: TopologyPlan, store: StorePlan, topic: string, seen = new Set<string>()): boolean {
  seen.add(topic)
  return plan.subtopologies
    .filter(({ sourceTopics }) => sourceTopics.includes(topic))
    .some((reader) => {
      const reached = behind(reader, topic)
      if (reader.id === store.subtopology && reached.includes(keeperOf(reader, store)!)) return true
      return reached.flatMap(topicsOf).some((sink) => !seen.has(sink) && comesBack(plan, store, sink, seen))
    })
}

/** The node that fills the store; those after it look rows up. */
function keeperOf({ nodes }: SubtopologyPlan, { name }: StorePlan): PhysicalNode | undefined {
  return nodes.find((node) => node.kind === 'processor' && node.stores.includes(name))
}

/** What a task may write when it reads the topic. */
function writtenOf(subtopology: SubtopologyPlan, topic: string): readonly string[] {
  const written = behind(subtopology, topic).flatMap(topicsOf)
  // What goes on through a store alone, such as the punctuations of another processor, is no way of nodes.
  return written.length > 0 ? written : subtopology.sinkTopics
}

/** The nodes that records of the topic come to. */
function behind({ nodes }: SubtopologyPlan, topic: string): readonly PhysicalNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const reached = new Set(nodes.filter((node) => node.kind === 'source' && node.topics.includes(topic)))
  // A set gives what is added to it while it is gone through, too.
  for (const { children } of reached) for (const child of children) reached.add(byName.get(child)!)
  return [...reached]
}

function topicsOf(node: PhysicalNode): readonly string[] {
  if (node.kind !== 'sink') return []
  return node.choice?.targets.map((target) => target.topic) ?? [node.topic]
}

function leadsTo(plan: TopologyPlan, from: SubtopologyPlan, to: SubtopologyPlan, seen = new Set<number>()): boolean {
  seen.add(from.id)
  return plan.subtopologies.some(
    (each) =>
      !seen.has(each.id) &&
      each.sourceTopics.some((topic) => from.sinkTopics.includes(topic)) &&
      (each === to || leadsTo(plan, each, to, seen)),
  )
}

function isReadOnTheWay(plan: TopologyPlan, topic: string, to: SubtopologyPlan): boolean {
  return plan.subtopologies.some(
    (each) => each.sourceTopics.includes(topic) && (each === to || leadsTo(plan, each, to)),
  )
}

async function committedBeyond(options: ResolveBoundOptions, wanted: PositionBound): Promise<void> {
  const { client, plan, clock, deadlineMs, store } = options
  for (;;) {
    const committed = boundOf(await client.admin.committedOffsets(plan.applicationId))
    const isThere = offsetsOf(wanted).every(
      ({ topic, partition, offset }) => (committed[topic]?.[partition] ?? -1) > offset,
    )
    if (isThere) return
    if (clock.now() + askAgainMs > deadlineMs) throw notReached(store.name)
    await sleep(clock, askAgainMs)
  }
}

async function endsOf(
  { client, partitionsOf }: ResolveBoundOptions,
  topics: readonly string[],
): Promise<PositionBound> {
  const asked = [...new Set(topics)].flatMap((topic) =>
    Array.from({ length: partitionsOf(topic) }, (_, partition) => ({ topic, partition, at: 'latest' as const })),
  )
  // Up to the high watermark: an open transaction may hold the last stable offset back below committed records.
  const ends = await client.admin.listOffsets(asked, { isolation: 'read_uncommitted' })
  return boundOf(ends.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset - 1 })))
}

export function notReached(store: string): Error {
  return streamsError('STREAMS_BOUND_NOT_REACHED', `${store} does not reflect yet what the query is bound to`, {
    store,
  })
}

function unrelated(store: StorePlan, topic: string): Error {
  return streamsError('STREAMS_BOUND_UNRELATED', `nothing of ${topic} comes to ${store.name}`, {
    store: store.name,
    topic,
  })
}
