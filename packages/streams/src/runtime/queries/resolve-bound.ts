import { type Clock, sleep } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
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
 * repartition topics, and those ends are the bound of whoever reads them. The order matters: committed offsets first.
 *
 * @throws STREAMS_BOUND_UNRELATED, STREAMS_BOUND_NOT_REACHED
 */
export async function resolveBound(options: ResolveBoundOptions): Promise<PositionBound> {
  const { plan, store } = options
  const own = plan.subtopologies[store.subtopology]!
  let open = options.bound
  let resolved: PositionBound = {}
  for (let hops = 0; hops <= plan.subtopologies.length && Object.keys(open).length > 0; hops++) {
    let next: PositionBound = {}
    for (const [topic, partitions] of Object.entries(open)) {
      if (own.sourceTopics.includes(topic)) resolved = mergePositions(resolved, { [topic]: partitions })
      const between = plan.subtopologies.filter(
        (each) => each !== own && each.sourceTopics.includes(topic) && leadsTo(plan, each, own),
      )
      if (between.length === 0 && !own.sourceTopics.includes(topic)) throw unrelated(store, topic)
      if (between.length === 0) continue
      await committedBeyond(options, { [topic]: partitions })
      const onward = between.flatMap(({ sinkTopics }) => sinkTopics).filter((sink) => isReadOnTheWay(plan, sink, own))
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
      !plan.subtopologies.some((each) => each !== own && each.sourceTopics.includes(topic) && leadsTo(plan, each, own)),
  )
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
