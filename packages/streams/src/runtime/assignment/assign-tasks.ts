import { balanceTasks } from './balance-tasks.ts'
import {
  type AssignmentConfig,
  type AssignmentInput,
  acrossSubtopologies,
  byMemberId,
  type GroupAssignment,
  type MemberTasks,
} from './group-model.ts'
import { moveActiveToRacks, moveStandbysToRacks } from './place-by-racks.ts'
import { placeStandbys } from './place-standbys.ts'
import { type GroupProcess, type Ownership, ownersOf, processesOf } from './processes.ts'
import { type Costs, processRacks, statefulCosts, statelessCosts } from './rack-traffic.ts'

type Mutable = { active: string[]; standby: string[]; warmup: string[] }

/**
 * The assignment of KIP-441: tasks are to be spread evenly (`balanceTasks`), but a task that has state goes only to a
 * process whose copy misses `acceptableRecoveryLag` records at most. Until its copy is so far, the task stays on a process that
 * has one, and a warm-up is made where it should be, `maxWarmupReplicas` of them at a time. Only a task that nobody
 * has a copy of begins from nothing.
 */
export function assignTasks(input: AssignmentInput): GroupAssignment {
  const { tasks, config } = input
  const members = [...input.members].sort(byMemberId)
  const processes = processesOf(members)
  const owners = ownersOf(members, new Set(tasks.map(({ task }) => task)))
  const stateful = tasks.filter(({ isStateful }) => isStateful).map(({ task }) => task)
  const stateless = tasks.filter(({ isStateful }) => !isStateful).map(({ task }) => task)
  const given = new Map(members.map(({ memberId }) => [memberId, [] as string[]]))
  // Those with state first, so that state is spread evenly too.
  balanceTasks({ tasks: stateful, members, processes, owners, given })
  const rackOf = processRacks(input)
  const toRacks = (isStateful: boolean, costs: Costs): void => {
    const own = tasks.filter((task) => task.isStateful === isStateful)
    if (rackOf) moveActiveToRacks({ tasks: own, members, owners, given, rackOf, costs, config })
  }
  toRacks(true, statefulCosts(input))
  const ideal = new Map([...given].flatMap(([memberId, own]) => own.map((task) => [task, memberId] as const)))
  const processOf = new Map(members.map(({ memberId, process }) => [memberId, process]))
  const moves = movesOf(stateful, { ideal, processOf, processes, owners, config })
  balanceTasks({ tasks: stateless, members, processes, owners, given })
  toRacks(false, statelessCosts)
  const result = new Map<string, Mutable>(
    members.map(({ memberId }) => [memberId, { active: [], standby: [], warmup: [] }]),
  )
  const activeOn = new Map<string, string>()
  for (const [memberId, own] of given) {
    for (const task of own) {
      const target = moves.held.get(task)
      const runner = target === undefined ? memberId : memberFor(task, processes.get(target)!, owners, result)
      result.get(runner)!.active.push(task)
      activeOn.set(task, processOf.get(runner)!)
    }
  }
  const placed = placeStandbys({
    tasks: stateful,
    processes,
    activeOn: new Map(stateful.map((task) => [task, activeOn.get(task) ?? ''])),
    warmupOn: moves.warmups,
    replicas: config.numStandbyReplicas,
    tags: config.rackAwareAssignmentTags,
  })
  const standbys = rackOf
    ? moveStandbysToRacks({ input, processes, rackOf, activeOn, warmupOn: moves.warmups, placed })
    : placed
  for (const [task, ids] of standbys) {
    for (const id of ids) result.get(memberFor(task, processes.get(id)!, owners, result))!.standby.push(task)
  }
  for (const [task, id] of moves.warmups) {
    result.get(memberFor(task, processes.get(id)!, owners, result))!.warmup.push(task)
  }
  return { members: result as ReadonlyMap<string, MemberTasks>, needsProbing: moves.held.size > 0 }
}

interface MovesInput {
  /** By task: the member that should run it. */
  readonly ideal: ReadonlyMap<string, string>
  readonly processOf: ReadonlyMap<string, string>
  readonly processes: ReadonlyMap<string, GroupProcess>
  readonly owners: ReadonlyMap<string, Ownership>
  readonly config: AssignmentConfig
}

interface Moves {
  /** By task: the process that runs it for the time being, where that is not the one that should. */
  readonly held: ReadonlyMap<string, string>
  /** By task: the process that makes itself ready to run it. */
  readonly warmups: ReadonlyMap<string, string>
}

function movesOf(tasks: readonly string[], { ideal, processOf, processes, owners, config }: MovesInput): Moves {
  const held = new Map<string, string>()
  const wanted: { task: string; process: string; lag: number }[] = []
  const load = new Map<string, number>()
  for (const memberId of ideal.values()) {
    const process = processOf.get(memberId)!
    load.set(process, (load.get(process) ?? 0) + 1)
  }
  for (const task of acrossSubtopologies(tasks)) {
    const destination = processes.get(processOf.get(ideal.get(task) ?? '') ?? '')
    if (!destination) continue
    const lag = destination.lags.get(task) ?? Number.POSITIVE_INFINITY
    if (lag <= config.acceptableRecoveryLag) continue
    const holder = bestHolder(task, [...processes.values()], owners.get(task)?.process, load, config)
    if (!holder || holder === destination) continue
    held.set(task, holder.id)
    load.set(holder.id, (load.get(holder.id) ?? 0) + 1)
    load.set(destination.id, (load.get(destination.id) ?? 0) - 1)
    wanted.push({ task, process: destination.id, lag })
  }
  // The nearest to completion first: those that were begun are finished before others begin.
  wanted.sort((a, b) => (a.lag < b.lag ? -1 : a.lag > b.lag ? 1 : 0))
  return {
    held,
    warmups: new Map(wanted.slice(0, config.maxWarmupReplicas).map(({ task, process }) => [task, process])),
  }
}

/** Who runs a task until its destination is ready: whoever runs it, else a copy within the bound, else the best there is, of equals again whoever runs it. */
function bestHolder(
  task: string,
  processes: readonly GroupProcess[],
  owner: string | undefined,
  load: ReadonlyMap<string, number>,
  { acceptableRecoveryLag }: AssignmentConfig,
): GroupProcess | undefined {
  const rank = ({ id, lags }: GroupProcess): number => {
    const lag = lags.get(task)!
    if (lag <= acceptableRecoveryLag) return id === owner ? -2 : -1
    return lag
  }
  return processes
    .filter(({ lags }) => lags.has(task))
    .sort((a, b) => {
      const [left, right] = [rank(a), rank(b)]
      if (left !== right) return left < right ? -1 : 1
      if (a.id === owner || b.id === owner) return a.id === owner ? -1 : 1
      const byLoad = (load.get(a.id) ?? 0) / a.members.length - (load.get(b.id) ?? 0) / b.members.length
      return byLoad || (a.id < b.id ? -1 : 1)
    })[0]
}

/** The thread of a process that gets a task: the one that had it, else the one with least to do. */
function memberFor(
  task: string,
  { id, members }: GroupProcess,
  owners: ReadonlyMap<string, Ownership>,
  result: ReadonlyMap<string, Mutable>,
): string {
  const owner = owners.get(task)
  if (owner?.process === id) return owner.memberId
  const had = members.find(({ standby }) => standby.includes(task))
  if (had) return had.memberId
  const load = (memberId: string): number => {
    const { active, standby, warmup } = result.get(memberId)!
    return active.length + standby.length + warmup.length
  }
  return [...members].sort((a, b) => load(a.memberId) - load(b.memberId))[0]!.memberId
}
