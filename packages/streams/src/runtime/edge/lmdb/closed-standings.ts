import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TopologyPlan, taskIdText } from '../../../core/topology/plan.ts'
import type { CopyStanding } from '../../queries/store-lags.ts'
import { CommittedEnvironment } from './committed-environment.ts'
import { storedTasks } from './lmdb-state-stores.ts'
import { isKept } from './task-environment.ts'

/** How far the state is that lies in the directory of an application and that no thread has open. */
export function closedStandings(directory: string, plan: TopologyPlan): readonly CopyStanding[] {
  return storedTasks(directory).flatMap((id) => {
    const path = join(directory, taskIdText(id))
    const stores = plan.subtopologies[id.subtopology]?.stores ?? []
    if (stores.length === 0 || existsSync(join(path, 'claim'))) return []
    // What a task would throw away when it opens it is of no use to it.
    const environment = isKept(path) ? CommittedEnvironment.open(path) : undefined
    try {
      return stores.flatMap(({ name, changelogTopic, restoresFrom }): CopyStanding[] => {
        const topic = restoresFrom ?? changelogTopic
        if (topic === undefined) return []
        const currentOffset = environment?.checkpoint(name) ?? 0
        const isSource = restoresFrom !== undefined
        return [
          { store: name, topic, partition: id.partition, isSource, role: 'closed', isRestoring: false, currentOffset },
        ]
      })
    } finally {
      void environment?.close()
    }
  })
}
