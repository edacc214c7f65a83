/** One member of the group (a thread) as the assignment sees it; tasks are texts like `0_1`. */
export interface AssignmentMember {
  readonly memberId: string
  /** Members of one process share its disk: a task that moves between them takes its state along. */
  readonly process: string
  /** What it ran until now, and the generation that gave it that. */
  readonly owned: readonly string[]
  readonly generation: number
  /** What it kept standby copies of until now. */
  readonly standby: readonly string[]
  /**
   * By task: how many changelog records its process's copy of the state misses. 0 for a task that it runs, infinite for a
   * copy whose age nobody could find out. Tasks that it has nothing of are left out.
   */
  readonly lags: ReadonlyMap<string, number>
  /** Where the process runs: `{ zone: 'eu-1a', cluster: 'k8s-1' }`. */
  readonly tags: Readonly<Record<string, string>>
  /** Its `client.rack`. */
  readonly rack?: string
}

export interface AssignmentTask {
  readonly task: string
  /** Whether it has state with a changelog: only such tasks have standbys, and only such are worth waiting for. */
  readonly isStateful: boolean
  /** By partition that it reads: the racks that have a replica of it. Only where racks are asked for, and known. */
  readonly inputRacks?: readonly (readonly string[])[]
  /** Likewise, of the topics that its state is restored from. */
  readonly changelogRacks?: readonly (readonly string[])[]
}

/**
 * What the racks of processes and partitions decide (KIP-925), under Kafka Streams' names:
 *
 * - `none`: nothing;
 * - `min_traffic`: tasks go where the least is read from other racks;
 * - `balance_subtopology`: likewise, but the tasks of each sub-topology stay spread.
 */
export type RackAwareStrategy = 'none' | 'min_traffic' | 'balance_subtopology'

/** Kafka Streams' options of the assignment, under its names. */
export interface AssignmentConfig {
  /** Copies of every stateful task that follow its changelog, besides the one that runs. */
  readonly numStandbyReplicas: number
  /** How many records a copy may miss to be handed the task. */
  readonly acceptableRecoveryLag: number
  /** Copies at most that are made at once of tasks that are to move. */
  readonly maxWarmupReplicas: number
  /** Names of tags in which the copies of a task should differ as far as possible (KIP-708). */
  readonly rackAwareAssignmentTags: readonly string[]
  /** Default `none`. */
  readonly rackAwareAssignmentStrategy?: RackAwareStrategy
  /** What a partition costs that a task reads from another rack. Default 10. */
  readonly rackAwareAssignmentTrafficCost?: number
  /** What a task costs that goes elsewhere than it would without racks. Default 1. */
  readonly rackAwareAssignmentNonOverlapCost?: number
}

export interface AssignmentInput {
  readonly tasks: readonly AssignmentTask[]
  readonly members: readonly AssignmentMember[]
  readonly config: AssignmentConfig
}

/** What a member is given. A warm-up is a copy made in order to take the task over; until then another member runs it. */
export interface MemberTasks {
  readonly active: readonly string[]
  readonly standby: readonly string[]
  readonly warmup: readonly string[]
}

export interface GroupAssignment {
  /** By member id. */
  readonly members: ReadonlyMap<string, MemberTasks>
  /** Whether some task runs elsewhere than it should until its warm-up is ready: the group looks again after a while. */
  readonly needsProbing: boolean
}

/**
 * Decides who runs what. Pure: the same input gives the same answer. Every task must be active exactly once.
 *
 * @example
 * const everythingOnTheFirst: TaskAssignor = ({ tasks, members }) => ({
 *   members: new Map(
 *     members.map(({ memberId }, i) => [
 *       memberId,
 *       { active: i === 0 ? tasks.map(({ task }) => task) : [], standby: [], warmup: [] },
 *     ]),
 *   ),
 *   needsProbing: false,
 * })
 */
export type TaskAssignor = (input: AssignmentInput) => GroupAssignment

export function byMemberId(a: { readonly memberId: string }, b: { readonly memberId: string }): number {
  return a.memberId < b.memberId ? -1 : a.memberId > b.memberId ? 1 : 0
}

/**
 * Partition by partition: whoever has to let tasks go keeps some of every sub-topology. In the order of their names it
 * would keep all of the first one, and a newcomer would get all the state.
 */
export function acrossSubtopologies(tasks: readonly string[]): string[] {
  const partition = (task: string): number => Number(task.slice(task.indexOf('_') + 1))
  const subtopology = (task: string): number => Number(task.slice(0, task.indexOf('_')))
  return [...tasks].sort((a, b) => partition(a) - partition(b) || subtopology(a) - subtopology(b))
}
