import type { SimulatedApplication } from './simulated-application.ts'
import type { GroupShape, SimulatedInstance } from './simulated-instance.ts'

/** Copies of state that are not what the task that runs holds, and those that are missing; read by queries, as users would. */
export async function differingCopies(
  instances: readonly SimulatedInstance[],
  { stores, guarantee }: SimulatedApplication,
  { standbys }: GroupShape,
): Promise<string[]> {
  const problems: string[] = []
  for (const { name, queries } of stores) {
    for (const partition of [0, 1]) {
      const copies = { active: [] as string[], standby: [] as string[] }
      for (const { runtime } of instances) {
        const results: unknown[] = []
        let role: 'active' | 'standby' | undefined
        for (const query of queries) {
          const answer = await runtime?.queries.askPartition(name, partition, query, { standby: {} })
          role = answer?.ok ? answer.role : undefined
          if (answer?.ok) results.push(answer.result)
        }
        if (role !== undefined) copies[role].push(JSON.stringify(results))
      }
      const where = `${name}-${partition}`
      if (copies.active.length !== 1) problems.push(`${where}: ${copies.active.length} instances run it`)
      if (copies.standby.length < standbys) problems.push(`${where}: ${copies.standby.length} standby copies`)
      // At least once: what a thread that was left behind still writes is in the changelog, and in copies made of it.
      if (guarantee === 'at_least_once') continue
      const differing = copies.standby.filter((copy) => copy !== copies.active[0])
      for (const copy of differing) problems.push(`${where}: a copy holds ${copy}, the task ${copies.active[0]}`)
    }
  }
  return problems
}
