import { type AssignmentMember, acrossSubtopologies, byMemberId } from './group-model.ts'
import type { GroupProcess, Ownership } from './processes.ts'

export interface BalanceInput {
  readonly tasks: readonly string[]
  readonly members: readonly AssignmentMember[]
  readonly processes: ReadonlyMap<string, GroupProcess>
  readonly owners: ReadonlyMap<string, Ownership>
  /** What members have already, by member id: tasks are added to it. */
  readonly given: ReadonlyMap<string, string[]>
}

interface Slot {
  readonly member: AssignmentMember
  readonly process: GroupProcess
  readonly capacity: number
  readonly tasks: string[]
}

/**
 * Where tasks should run once every copy is there: as many on each member as on any other (give or take one), each on
 * whom it ran on, else in the process that has its state, and the tasks of one sub-topology spread.
 *
 * A member that runs more than its share lets those go whose state others have: a warm-up that was begun in one
 * rebalance is then what the next one finishes, instead of beginning another.
 */
export function balanceTasks(input: BalanceInput): void {
  const slots = slotsOf(input)
  const open = new Set(acrossSubtopologies(input.tasks))
  const give = (task: string, slot: Slot | undefined): void => {
    if (!slot || !open.has(task) || slot.tasks.length >= slot.capacity) return
    slot.tasks.push(task)
    open.delete(task)
  }
  const byId = new Map(slots.map((slot) => [slot.member.memberId, slot]))
  for (const task of mostMissedElsewhere([...open], input, byId)) give(task, byId.get(ownerOf(task, input) ?? ''))
  // To another thread of the process that ran it: its state is on that disk.
  for (const task of [...open]) {
    const { process } = input.owners.get(task) ?? {}
    give(
      task,
      emptiest(
        slots.filter((slot) => slot.process.id === process && isFree(slot)),
        task,
      ),
    )
  }
  for (const [task, slot] of copies([...open], slots)) give(task, isFree(slot) ? slot : undefined)
  for (const task of input.tasks) if (open.has(task)) give(task, emptiest(slots.filter(isFree), task))
}

function ownerOf(task: string, { owners }: BalanceInput): string | undefined {
  return owners.get(task)?.memberId
}

function isFree({ tasks, capacity }: Slot): boolean {
  return tasks.length < capacity
}

/** Those first that nobody else could take over soon: they stay where they are. */
function mostMissedElsewhere(
  tasks: readonly string[],
  { owners, processes }: BalanceInput,
  slots: ReadonlyMap<string, Slot>,
): string[] {
  const room = roomOf(tasks, owners, slots)
  const lagElsewhere = (task: string): number => {
    const own = owners.get(task)?.process
    let best = Number.POSITIVE_INFINITY
    for (const { id, lags } of processes.values()) {
      // Infinite when unknown, yet better than nothing at all.
      const lag = lags.get(task)
      if (id !== own && lag !== undefined && (room.get(id) ?? 0) > 0) best = Math.min(best, lag, Number.MAX_VALUE)
    }
    return best
  }
  const lags = new Map(tasks.map((task) => [task, lagElsewhere(task)]))
  return [...tasks].sort((a, b) => compare(lags.get(b)!, lags.get(a)!))
}

/** How many tasks more than it runs now a process is due. */
function roomOf(
  tasks: readonly string[],
  owners: ReadonlyMap<string, Ownership>,
  slots: ReadonlyMap<string, Slot>,
): ReadonlyMap<string, number> {
  const room = new Map<string, number>()
  for (const { process, capacity, tasks: given } of slots.values()) {
    room.set(process.id, (room.get(process.id) ?? 0) + capacity - given.length)
  }
  for (const task of tasks) {
    const process = owners.get(task)?.process
    if (process !== undefined) room.set(process, (room.get(process) ?? 0) - 1)
  }
  return room
}

/** Every copy of an open task, the most complete ones first. */
function copies(tasks: readonly string[], slots: readonly Slot[]): [task: string, slot: Slot][] {
  const found: { task: string; slot: Slot; lag: number }[] = []
  for (const task of tasks) {
    for (const slot of slots) {
      const lag = slot.process.lags.get(task)
      if (lag !== undefined) found.push({ task, slot, lag })
    }
  }
  return found
    .sort((a, b) => compare(a.lag, b.lag) || a.slot.tasks.length - b.slot.tasks.length)
    .map(({ task, slot }) => [task, slot])
}

/** Where tasks do not divide evenly, those who run most may keep one more: that moves the fewest. */
function slotsOf({ tasks, members, processes, owners, given }: BalanceInput): Slot[] {
  const owns = new Map<string, number>()
  for (const task of tasks) {
    const memberId = owners.get(task)?.memberId
    if (memberId !== undefined) owns.set(memberId, (owns.get(memberId) ?? 0) + 1)
  }
  const has = (memberId: string): number => given.get(memberId)!.length
  const ranked = [...members].sort(
    (a, b) =>
      has(b.memberId) - has(a.memberId) ||
      (owns.get(b.memberId) ?? 0) - (owns.get(a.memberId) ?? 0) ||
      byMemberId(a, b),
  )
  const total = members.reduce((sum, { memberId }) => sum + has(memberId), tasks.length)
  const floor = Math.floor(total / Math.max(1, members.length))
  const extra = total % Math.max(1, members.length)
  return ranked.map((member, index) => ({
    member,
    process: processes.get(member.process)!,
    capacity: floor + (index < extra ? 1 : 0),
    tasks: given.get(member.memberId)!,
  }))
}

function emptiest(slots: readonly Slot[], task: string): Slot | undefined {
  const subtopology = task.slice(0, task.indexOf('_') + 1)
  const ofSame = (slot: Slot): number => slot.tasks.filter((other) => other.startsWith(subtopology)).length
  return [...slots].sort(
    (a, b) => ofSame(a) - ofSame(b) || a.tasks.length - b.tasks.length || byMemberId(a.member, b.member),
  )[0]
}

function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}
