import type { KafkaClient } from '@millrace/kafka'
import { ZERO_UUID } from '@millrace/protocol'
import { partitionText } from '../active-task.ts'
import type { TopicPartition } from '../assignment/tasks.ts'
import type { PlantedFaults } from '../config.ts'

export interface ChangelogBounds {
  /** First offset that still exists. */
  readonly begin: number
  /** Where restoring ends. */
  readonly end: number
  /** Tells a topic from another one of the same name; undefined where the broker is too old to. */
  readonly topicId: string | undefined
}

export type BoundsOf = (partitions: readonly TopicPartition[]) => Promise<ReadonlyMap<string, ChangelogBounds>>

/** First offset and high watermark of changelog partitions; see `ChangelogRestorer` for why it is the high watermark. */
export async function changelogBounds(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  faults: PlantedFaults,
): Promise<ReadonlyMap<string, ChangelogBounds>> {
  const asked = partitions.map(({ topic, partition }) => ({ topic, partition }))
  const isolation = faults.restoreToStableOffset ? 'read_committed' : 'read_uncommitted'
  const [begins, ends, described] = await Promise.all([
    client.admin.listOffsets(asked.map((at) => ({ ...at, at: 'earliest' }))),
    client.admin.listOffsets(
      asked.map((at) => ({ ...at, at: 'latest' })),
      { isolation },
    ),
    client.admin.describeTopics([...new Set(asked.map(({ topic }) => topic))]),
  ])
  const beginOf = new Map(begins.map((listed) => [partitionText(listed), listed.offset]))
  // Brokers before 2.8 have no topic ids.
  const idOf = new Map(described.map(({ name, topicId }) => [name, topicId === ZERO_UUID ? undefined : topicId]))
  return new Map(
    ends.map((listed) => {
      const name = partitionText(listed)
      return [name, { begin: beginOf.get(name) ?? 0, end: listed.offset, topicId: idOf.get(listed.topic) }]
    }),
  )
}
