import type { KafkaClient } from '@millrace/kafka'
import type { SubtopologyPlan } from '../../core/topology/plan.ts'
import { partitionText } from '../active-task.ts'
import { parseTaskId, type TopicPartition } from './tasks.ts'
import { runsHere, type Subscription } from './user-data.ts'

/** The changelogs of a task. */
function changelogsOf(subtopologies: readonly SubtopologyPlan[], task: string): readonly TopicPartition[] {
  const { subtopology, partition } = parseTaskId(task)
  const stores = subtopologies.find(({ id }) => id === subtopology)?.stores ?? []
  return stores.flatMap(({ changelogTopic }) =>
    changelogTopic === undefined ? [] : [{ topic: changelogTopic, partition }],
  )
}

/** Whether there is something to be copied of a task: what its changelogs say, or a topic that a table is restored from. */
export function hasState(subtopologies: readonly SubtopologyPlan[], task: string): boolean {
  const { subtopology } = parseTaskId(task)
  const stores = subtopologies.find(({ id }) => id === subtopology)?.stores ?? []
  return stores.some(({ changelogTopic, restoresFrom }) => (restoresFrom ?? changelogTopic) !== undefined)
}

/**
 * How much the copies of a task miss, by member and task, from what members say they have and where the changelogs end.
 * Where the ends cannot be found out, the age of copies is unknown and nothing moves to them; tasks that run stay.
 */
export async function groupLags(
  subscriptions: ReadonlyMap<string, Subscription>,
  subtopologies: readonly SubtopologyPlan[],
  endsOf: (changelogs: readonly TopicPartition[]) => Promise<ReadonlyMap<string, number>>,
  onFailure: (error: unknown) => void,
): Promise<ReadonlyMap<string, ReadonlyMap<string, number>>> {
  const asked = new Set<string>()
  for (const { offsets } of subscriptions.values()) {
    for (const [task, sum] of Object.entries(offsets)) if (sum !== runsHere) asked.add(task)
  }
  const changelogs = [...asked].flatMap((task) => [...changelogsOf(subtopologies, task)])
  let ends: ReadonlyMap<string, number> | undefined = new Map()
  if (changelogs.length > 0) {
    ends = await endsOf(changelogs).catch((error: unknown) => {
      onFailure(error)
      return undefined
    })
  }
  const endSum = (task: string): number | undefined =>
    ends && changelogsOf(subtopologies, task).reduce((sum, at) => sum + (ends.get(partitionText(at)) ?? 0), 0)
  return new Map(
    [...subscriptions].map(([memberId, { offsets }]) => {
      const lags = new Map<string, number>()
      for (const [task, sum] of Object.entries(offsets)) {
        const end = endSum(task)
        lags.set(task, sum === runsHere ? 0 : end === undefined ? Number.POSITIVE_INFINITY : Math.max(0, end - sum))
      }
      return [memberId, lags]
    }),
  )
}

/** High watermarks: what an open transaction has written counts as missing, since it will be there when it matters. */
export async function changelogEnds(
  client: KafkaClient,
  changelogs: readonly TopicPartition[],
): Promise<ReadonlyMap<string, number>> {
  const listed = await client.admin.listOffsets(changelogs.map((at) => ({ ...at, at: 'latest' as const })))
  return new Map(listed.map((at) => [partitionText(at), at.offset]))
}
