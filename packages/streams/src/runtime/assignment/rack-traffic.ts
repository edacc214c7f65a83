import type { AssignmentInput, AssignmentTask } from './group-model.ts'
import { placeAtLeastCost } from './min-cost-placement.ts'

/** By partition: the racks that have a replica of it. */
export type Racks = readonly (readonly string[])[]

export interface Costs {
  /** Of a partition that is read from another rack. */
  readonly traffic: number
  /** Of a task that goes elsewhere than it would without racks. */
  readonly nonOverlap: number
}

/** What tasks without state cost: they may as well run anywhere. */
export const statelessCosts: Costs = { traffic: 1, nonOverlap: 0 }

/** Kafka Streams' defaults of its high availability assignor. */
export function statefulCosts({ config }: Pick<AssignmentInput, 'config'>): Costs {
  const { rackAwareAssignmentTrafficCost: traffic = 10, rackAwareAssignmentNonOverlapCost: nonOverlap = 1 } = config
  return { traffic, nonOverlap }
}

/**
 * By process: its rack. Undefined where racks cannot be taken into account, as in Kafka Streams: nobody asked for it, a
 * member or a replica is in no rack that is known, or members of one process are in several.
 */
export function processRacks({ config, members, tasks }: AssignmentInput): ReadonlyMap<string, string> | undefined {
  if ((config.rackAwareAssignmentStrategy ?? 'none') === 'none') return undefined
  const racks = new Map<string, string>()
  for (const { process, rack } of members) {
    if (rack === undefined || (racks.get(process) ?? rack) !== rack) return undefined
    racks.set(process, rack)
  }
  const hasRacks = (partitions: Racks | undefined): boolean =>
    partitions?.every((replicas) => replicas.length > 0) ?? false
  for (const { isStateful, inputRacks, changelogRacks } of tasks) {
    if (!hasRacks(inputRacks)) return undefined
    if (isStateful && config.numStandbyReplicas > 0 && !hasRacks(changelogRacks)) return undefined
  }
  return racks
}

/** What it costs that a task is in a rack, and not in the process where it would be otherwise. */
export function costOf(partitions: Racks, rack: string, isOverlap: boolean, { traffic, nonOverlap }: Costs): number {
  return partitions.filter((racks) => !racks.includes(rack)).length * traffic + (isOverlap ? 0 : nonOverlap)
}

export interface TrafficInput {
  readonly tasks: readonly AssignmentTask[]
  /** Processes in order. */
  readonly processes: readonly string[]
  readonly rackOf: ReadonlyMap<string, string>
  /** By task: the process that has it now; each keeps as many as it has. */
  readonly current: ReadonlyMap<string, string>
  readonly racksOf: (task: AssignmentTask) => Racks
  readonly costs: Costs
  /** Whether the tasks of each sub-topology stay spread. */
  readonly balancesSubtopologies: boolean
}

/** So many moves more are worth less than a cost of 1: of assignments that cost the same the nearest one is taken. */
const tieScale = 1_000_000

/** By task: the process that is to have it, at the lowest cost of traffic and of moves (KIP-925). */
export function optimizeTraffic(input: TrafficInput): ReadonlyMap<string, string> {
  const { tasks, processes, rackOf, current, racksOf, costs, balancesSubtopologies } = input
  const counts = processes.map((process) => tasks.filter(({ task }) => current.get(task) === process).length)
  const byName = new Map(tasks.map((task) => [task.task, task]))
  const known = new Map<string, number[]>()
  const costsOf = (task: string): number[] =>
    processes.map((process) => {
      const isOverlap = current.get(task) === process
      const cost = costOf(racksOf(byName.get(task)!), rackOf.get(process)!, isOverlap, costs)
      return cost * tieScale + (isOverlap ? 0 : 1)
    })
  const subtopologies = Map.groupBy(tasks, ({ task }) =>
    balancesSubtopologies ? task.slice(0, task.indexOf('_')) : '',
  )
  const placed = placeAtLeastCost({
    groups: [...subtopologies.values()].map((own) => ({
      tasks: own.map(({ task }) => task),
      // In proportion to what the process has of all.
      capacities: counts.map((count) => Math.ceil((count / tasks.length) * own.length)),
    })),
    capacities: counts,
    costOf(task, place) {
      const found = known.get(task) ?? costsOf(task)
      known.set(task, found)
      return found[place]!
    },
  })
  return new Map([...placed].map(([task, place]) => [task, processes[place]!]))
}
