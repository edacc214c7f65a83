import { acrossSubtopologies } from './group-model.ts'
import type { GroupProcess } from './processes.ts'

export interface StandbyInput {
  /** Stateful tasks. */
  readonly tasks: readonly string[]
  readonly processes: ReadonlyMap<string, GroupProcess>
  /** Where each task runs, and where it is warmed up. */
  readonly activeOn: ReadonlyMap<string, string>
  readonly warmupOn: ReadonlyMap<string, string>
  readonly replicas: number
  readonly tags: readonly string[]
}

/**
 * Standby copies: never in the process that runs or warms up the task, in places that differ in their tags as far as there
 * are such, where a copy is already, and else where there is least to do. Fewer than asked for where there are too few
 * processes.
 */
export function placeStandbys(input: StandbyInput): Map<string, readonly string[]> {
  const { tasks, processes, activeOn, warmupOn, replicas } = input
  const placed = new Map<string, readonly string[]>()
  const load = new Map([...processes.keys()].map((id) => [id, 0]))
  for (const process of [...activeOn.values(), ...warmupOn.values()]) load.set(process, (load.get(process) ?? 0) + 1)
  const copies = new Map([...processes.keys()].map((id) => [id, 0]))
  const threads = [...processes.values()].reduce((sum, { members }) => sum + members.length, 0)
  const share = (process: GroupProcess): number =>
    Math.ceil((tasks.length * Math.min(replicas, processes.size - 1) * process.members.length) / Math.max(1, threads))
  for (const task of acrossSubtopologies(tasks)) {
    const active = processes.get(activeOn.get(task) ?? '')
    const chosen: GroupProcess[] = []
    for (let i = 0; i < replicas; i++) {
      const candidates = [...processes.values()].filter(
        (process) => process !== active && warmupOn.get(task) !== process.id && !chosen.includes(process),
      )
      const taken = active ? [active, ...chosen] : chosen
      const keeps = (process: GroupProcess): number =>
        process.members.some(({ standby }) => standby.includes(task)) && copies.get(process.id)! < share(process)
          ? 0
          : 1
      const lag = (process: GroupProcess): number =>
        copies.get(process.id)! < share(process) ? (process.lags.get(task) ?? Number.POSITIVE_INFINITY) : Infinity
      const best = candidates.sort(
        (a, b) =>
          tagsShared(a, taken, input.tags) - tagsShared(b, taken, input.tags) ||
          keeps(a) - keeps(b) ||
          compare(lag(a), lag(b)) ||
          load.get(a.id)! / a.members.length - load.get(b.id)! / b.members.length ||
          compare(a.id, b.id),
      )[0]
      if (!best) break
      chosen.push(best)
      load.set(best.id, load.get(best.id)! + 1)
      copies.set(best.id, copies.get(best.id)! + 1)
    }
    if (chosen.length > 0)
      placed.set(
        task,
        chosen.map(({ id }) => id),
      )
  }
  return placed
}

/** In how many tags a process has the value of one that has the task already. */
function tagsShared(process: GroupProcess, taken: readonly GroupProcess[], tags: readonly string[]): number {
  return tags.filter((tag) => {
    const value = process.tags[tag]
    return value === undefined || taken.some((other) => other.tags[tag] === value)
  }).length
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}
