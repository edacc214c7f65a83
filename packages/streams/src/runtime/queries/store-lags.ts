import type { StorePlan } from '../../core/topology/plan.ts'
import { partitionText } from '../active-task.ts'
import type { TopicPartition } from '../assignment/tasks.ts'
import type { QuerySource } from './query-source.ts'
import { rangeQuery, sessionRangeQuery, windowRangeQuery } from './state-query.ts'
import type { StoreCatalog } from './store-catalog.ts'

/** How far a copy of a store's partition in this process is behind, as Kafka Streams' `LagInfo`. */
export interface StoreLag {
  readonly store: string
  readonly partition: number
  readonly role: 'active' | 'standby'
  /** The next changelog offset that the copy reads. */
  readonly currentOffset: number
  /** The end of the changelog, asked of the broker after the copy's own. */
  readonly endOffset: number
  /** Records, marks of transactions included; 0 for an active copy: it is what the changelog follows. */
  readonly offsetLag: number
}

type Found = Omit<StoreLag, 'endOffset' | 'offsetLag'>

/** The lags of all copies in this process whose stores keep a changelog. */
export async function storeLags(source: QuerySource, catalog: StoreCatalog): Promise<readonly StoreLag[]> {
  const found: { lag: Found; changelog: TopicPartition }[] = []
  for (const { name, isGlobal } of catalog.infos()) {
    const store = catalog.plan(name)
    if (isGlobal || store.changelogTopic === undefined) continue
    for (let partition = 0; partition < catalog.partitionsOf(store); partition++) {
      const lag = copyHere(source, store, partition) ?? (await copyInThread(source, catalog, store, partition))
      if (lag) found.push({ lag, changelog: { topic: store.changelogTopic, partition } })
    }
  }
  if (found.length === 0) return []
  const asked = found.map(({ changelog }) => ({ ...changelog, at: 'latest' as const }))
  const listed = await source.client.admin.listOffsets(asked, { isolation: 'read_uncommitted' })
  const ends = new Map(listed.map((end) => [partitionText(end), end.offset]))
  return found.map(({ lag, changelog }) => {
    const endOffset = ends.get(partitionText(changelog)) ?? 0
    const currentOffset = lag.role === 'active' ? endOffset : lag.currentOffset
    return { ...lag, currentOffset, endOffset, offsetLag: Math.max(0, endOffset - currentOffset) }
  })
}

function copyHere(source: QuerySource, store: StorePlan, partition: number): Found | undefined {
  const { name } = store
  const copy = source.copyOf(store, partition)
  if (copy === undefined || copy === 'notReady') return undefined
  return { store: name, partition, role: copy.role, currentOffset: copy.reached(name) ?? 0 }
}

/** A question about nothing: its answer says where the copy stands. */
async function copyInThread(
  source: QuerySource,
  catalog: StoreCatalog,
  store: StorePlan,
  partition: number,
): Promise<Found | undefined> {
  const kind = catalog.infos().find(({ name }) => name === store.name)?.kind
  const query = kind && kind in nothingOf ? nothingOf[kind as keyof typeof nothingOf] : undefined
  if (query === undefined) return undefined
  const options = { bound: {}, isolation: 'committed', standby: {}, deadlineMs: source.clock.now() } as const
  const answer = await source.askThread?.(store, partition, query, options)
  if (!answer?.ok) return undefined
  return { store: store.name, partition, role: answer.role, currentOffset: answer.reached ?? 0 }
}

const nothingOf = {
  keyValue: rangeQuery({ limit: 0 }),
  window: windowRangeQuery({ limit: 0 }),
  session: sessionRangeQuery({ limit: 0 }),
}
