import { type AssignmentMember, byMemberId } from './group-model.ts'

/** The members of one process, with what its disk holds. */
export interface GroupProcess {
  readonly id: string
  readonly members: readonly AssignmentMember[]
  readonly tags: Readonly<Record<string, string>>
  readonly lags: ReadonlyMap<string, number>
}

/** Who ran a task until now. */
export interface Ownership {
  readonly memberId: string
  readonly process: string
}

export function processesOf(members: readonly AssignmentMember[]): ReadonlyMap<string, GroupProcess> {
  const byProcess = Map.groupBy([...members].sort(byMemberId), ({ process }) => process)
  return new Map(
    [...byProcess].map(([id, own]) => {
      const lags = new Map<string, number>()
      for (const { lags: known } of own) {
        for (const [task, lag] of known) lags.set(task, Math.min(lag, lags.get(task) ?? Number.POSITIVE_INFINITY))
      }
      return [id, { id, members: own, tags: Object.assign({}, ...own.map(({ tags }) => tags)), lags }]
    }),
  )
}

/** Where two members claim a task, the later generation is believed: the other slept through a rebalance. */
export function ownersOf(
  members: readonly AssignmentMember[],
  known: ReadonlySet<string>,
): ReadonlyMap<string, Ownership> {
  const owners = new Map<string, Ownership>()
  const generations = new Map<string, number>()
  for (const { memberId, process, owned, generation } of [...members].sort(byMemberId)) {
    for (const task of owned) {
      if (!known.has(task) || generation <= (generations.get(task) ?? -2)) continue
      owners.set(task, { memberId, process })
      generations.set(task, generation)
    }
  }
  return owners
}
