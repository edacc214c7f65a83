import type { AssignorMember } from '@millrace/kafka'
import type { SubtopologyPlan } from '../../core/topology/plan.ts'
import { taskIdText } from '../../core/topology/plan.ts'
import { taskOf } from './tasks.ts'

/**
 * By task: the member that has it, from the partitions that members say they own. Of two the one with the later generation
 * is believed: the other slept through a rebalance. Where both name the same one, at least one of them is wrong, and
 * neither is believed.
 */
export function claimsOf(
  members: readonly AssignorMember[],
  subtopologies: readonly SubtopologyPlan[],
): ReadonlyMap<string, string> {
  const claims = new Map<string, { readonly generation: number; readonly memberId: string | undefined }>()
  for (const { memberId, ownedPartitions, generationId } of members) {
    const tasks = ownedPartitions.flatMap((partition) => taskOf(subtopologies, partition) ?? []).map(taskIdText)
    for (const task of new Set(tasks)) {
      const known = claims.get(task)
      if (known && known.generation > generationId) continue
      const isContested = known?.generation === generationId
      claims.set(task, { generation: generationId, memberId: isContested ? undefined : memberId })
    }
  }
  return new Map([...claims].flatMap(([task, { memberId }]) => (memberId === undefined ? [] : [[task, memberId]])))
}
