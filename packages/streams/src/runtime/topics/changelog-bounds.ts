import type { KafkaClient } from '@millrace/kafka'
import { partitionText } from '../active-task.ts'
import type { TopicPartition } from '../assignment/tasks.ts'
import type { ChangelogBounds } from '../changelog-restorer.ts'
import type { PlantedFaults } from '../config.ts'

/** First offset and high watermark of changelog partitions; see `ChangelogRestorer` for why it is the high watermark. */
export async function changelogBounds(
  client: KafkaClient,
  partitions: readonly TopicPartition[],
  faults: PlantedFaults,
): Promise<ReadonlyMap<string, ChangelogBounds>> {
  const asked = partitions.map(({ topic, partition }) => ({ topic, partition }))
  const isolation = faults.restoreToStableOffset ? 'read_committed' : 'read_uncommitted'
  const [begins, ends] = await Promise.all([
    client.admin.listOffsets(asked.map((at) => ({ ...at, at: 'earliest' }))),
    client.admin.listOffsets(
      asked.map((at) => ({ ...at, at: 'latest' })),
      { isolation },
    ),
  ])
  const beginOf = new Map(begins.map((listed) => [partitionText(listed), listed.offset]))
  return new Map(
    ends.map((listed) => {
      const name = partitionText(listed)
      return [name, { begin: beginOf.get(name) ?? 0, end: listed.offset }]
    }),
  )
}
