import type { AssignmentInput, AssignmentMember, AssignmentTask } from './group-model.ts'
import type { GroupProcess, Ownership } from './processes.ts'
import { type Costs, optimizeTraffic, type Racks, statefulCosts } from './rack-traffic.ts'

export interface RackMoves {
  readonly tasks: readonly AssignmentTask[]
  readonly members: readonly AssignmentMember[]
  readonly owners: ReadonlyMap<string, Ownership>
  /** By member id: what it was given, which is changed. */
  readonly given: ReadonlyMap<string, string[]>
  readonly rackOf: ReadonlyMap<string, string>
  readonly costs: Costs
  readonly config: AssignmentInput['config']
}

/** Exchanges active tasks between processes so that less is read from other racks; everybody keeps as many as it has. */
export function moveActiveToRacks({ tasks, members, owners, given, rackOf, costs, config }: RackMoves): void {
  if (tasks.length === 0) return
  const processOf = new Map(members.map(({ memberId, process }) => [memberId, process]))
  const memberOf = new Map([...given].flatMap(([memberId, own]) => own.map((task) => [task, memberId] as const)))
  const current = new Map(tasks.map(({ task }) => [task, processOf.get(memberOf.get(task)!)!]))
  const placed = optimizeTraffic({
    tasks,
    processes: [...rackOf.keys()].sort(),
    rackOf,
    current,
    racksOf: ({ inputRacks }) => inputRacks!,
    costs,
    balancesSubtopologies: config.rackAwareAssignmentStrategy === 'balance_subtopology',
  })
  const moved = tasks.map(({ task }) => task).filter((task) => placed.get(task) !== current.get(task))
  const free = new Map(members.map(({ memberId }) => [memberId, 0]))
  for (const task of moved) {
    const memberId = memberOf.get(task)!
    const own = given.get(memberId)!
    own.splice(own.indexOf(task), 1)
    free.set(memberId, free.get(memberId)! + 1)
  }
  for (const task of moved) {
    const threads = members.filter(({ memberId, process }) => process === placed.get(task) && free.get(memberId)! > 0)
    const thread =
      threads.find(({ memberId }) => owners.get(task)?.memberId === memberId) ?? leastOf(task, threads, given)
    given.get(thread.memberId)!.push(task)
    free.set(thread.memberId, free.get(thread.memberId)! - 1)
  }
}

/** The thread with the fewest tasks of the same sub-topology. */
function leastOf(
  task: string,
  threads: readonly AssignmentMember[],
  given: ReadonlyMap<string, readonly string[]>,
): AssignmentMember {
  const subtopology = task.slice(0, task.indexOf('_') + 1)
  const ofSame = ({ memberId }: AssignmentMember): number =>
    given.get(memberId)!.filter((other) => other.startsWith(subtopology)).length
  return [...threads].sort((a, b) => ofSame(a) - ofSame(b))[0]!
}

export interface StandbyMoves {
  readonly input: AssignmentInput
  readonly processes: ReadonlyMap<string, GroupProcess>
  readonly rackOf: ReadonlyMap<string, string>
  /** Where each task runs, and where it is warmed up. */
  readonly activeOn: ReadonlyMap<string, string>
  readonly warmupOn: ReadonlyMap<string, string>
  /** By task: the processes that are to keep a copy. */
  readonly placed: ReadonlyMap<string, readonly string[]>
}

/** Exchanges go on for so long at most; they mostly end after three rounds. */
const roundsMax = 4

/** Exchanges copies between processes, two at a time, so that less is restored from other racks. */
export function moveStandbysToRacks(moves: StandbyMoves): ReadonlyMap<string, readonly string[]> {
  const { processes, rackOf } = moves
  const copies = new Map([...moves.placed].map(([task, on]) => [task, new Set(on)]))
  const tags = moves.input.config.rackAwareAssignmentTags
  const mayExchange = (a: GroupProcess, b: GroupProcess): boolean =>
    rackOf.get(a.id) !== rackOf.get(b.id) && tags.every((tag) => a.tags[tag] === b.tags[tag])
  const all = [...processes.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  for (let round = 0, hasMoved = true; hasMoved && round < roundsMax; round++) {
    hasMoved = false
    for (const [index, one] of all.entries()) {
      for (const other of all.slice(index + 1)) {
        if (mayExchange(one, other) && exchange(moves, copies, one.id, other.id)) hasMoved = true
      }
    }
  }
  return new Map([...copies].map(([task, on]) => [task, [...on]]))
}

/** Whether a copy has moved. */
function exchange(
  { input, rackOf, activeOn, warmupOn }: StandbyMoves,
  copies: ReadonlyMap<string, Set<string>>,
  one: string,
  other: string,
): boolean {
  const has = (process: string, task: string): boolean =>
    copies.get(task)!.has(process) || activeOn.get(task) === process || warmupOn.get(task) === process
  const current = new Map<string, string>()
  for (const [task, on] of copies) {
    if (on.has(one) && !has(other, task)) current.set(task, one)
    else if (on.has(other) && !has(one, task)) current.set(task, other)
  }
  // Only an exchange leaves everybody with as much as it has.
  if (new Set(current.values()).size < 2) return false
  const placed = optimizeTraffic({
    tasks: input.tasks.filter(({ task }) => current.has(task)),
    processes: [one, other],
    rackOf,
    current,
    racksOf: ({ changelogRacks }): Racks => changelogRacks!,
    costs: statefulCosts(input),
    balancesSubtopologies: false,
  })
  let hasMoved = false
  for (const [task, process] of placed) {
    const before = current.get(task)!
    if (before === process) continue
    copies.get(task)!.delete(before)
    copies.get(task)!.add(process)
    hasMoved = true
  }
  return hasMoved
}
