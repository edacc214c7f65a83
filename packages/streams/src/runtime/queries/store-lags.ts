import { partitionText } from '../active-task.ts'
import type { TopicPartition } from '../assignment/tasks.ts'
import type { QuerySource } from './query-source.ts'
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

/** The lags of all copies in this process whose stores keep a changelog. */
export async function storeLags(source: QuerySource, catalog: StoreCatalog): Promise<readonly StoreLag[]> {
  const found: { lag: Omit<StoreLag, 'endOffset' | 'offsetLag'>; changelog: TopicPartition }[] = []
  for (const { name, isGlobal } of catalog.infos()) {
    const store = catalog.plan(name)
    if (isGlobal || store.changelogTopic === undefined) continue
    for (let partition = 0; partition < catalog.partitionsOf(store); partition++) {
      const copy = source.copyOf(store, partition)
      if (copy === undefined || copy === 'notReady') continue
      const currentOffset = copy.reached(name) ?? 0
      const changelog = { topic: store.changelogTopic, partition }
      found.push({ changelog, lag: { store: name, partition, role: copy.role, currentOffset } })
    }
  }
  if (found.length === 0) return []
  const asked = found.map(({ changelog }) => ({ ...changelog, at: 'latest' as const }))
  const ends = new Map(
    (await source.client.admin.listOffsets(asked, { isolation: 'read_uncommitted' })).map((end) => [
      partitionText(end),
      end.offset,
    ]),
  )
  return found.map(({ lag, changelog }) => {
    const endOffset = ends.get(partitionText(changelog)) ?? 0
    const isActive = lag.role === 'active'
    const currentOffset = isActive ? endOffset : lag.currentOffset
    return { ...lag, currentOffset, endOffset, offsetLag: Math.max(0, endOffset - currentOffset) }
  })
}
