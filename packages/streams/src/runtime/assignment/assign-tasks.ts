/** A member as the assignment sees it; tasks are texts like `0_1`. */
export interface AssignmentMember {
  readonly memberId: string
  /** What it ran until now, and the generation that gave it that. */
  readonly owned: readonly string[]
  readonly generation: number
  /** What it does not run but has state of on its disk. */
  readonly stored: readonly string[]
}

/**
 * Gives every task to one member: as many to each as to any other (give or take one), each task to whom it ran on,
 * else to whom has its state, and the tasks of one sub-topology spread over the members. The same input gives the same
 * answer whatever the order of members.
 *
 * Where two members claim a task, the later generation is believed: the other slept through a rebalance.
 */
export function assignTasks(
  tasks: readonly string[],
  members: readonly AssignmentMember[],
): Map<string, readonly string[]> {
  const known = new Set(tasks)
  const owner = ownersOf(members, known)
  const slots = slotsFor(members, owner, tasks.length)
  const open = new Set(tasks)
  const give = (task: string, slot: Slot | undefined): void => {
    if (!slot || !open.has(task) || slot.tasks.length >= slot.capacity) return
    slot.tasks.push(task)
    open.delete(task)
  }
  for (const task of acrossSubtopologies(tasks)) give(task, slots.get(owner.get(task) ?? ''))
  for (const slot of slots.values()) for (const task of slot.stored) give(task, slot)
  for (const task of [...open]) give(task, emptiest([...slots.values()], task))
  return new Map([...slots].map(([memberId, slot]) => [memberId, slot.tasks]))
}

/**
 * Partition by partition: whoever has to let tasks go keeps some of every sub-topology. In the order of their names it
 * would keep all of the first one, and a newcomer would get all the state.
 */
function acrossSubtopologies(tasks: readonly string[]): string[] {
  const partition = (task: string): number => Number(task.slice(task.indexOf('_') + 1))
  return [...tasks].sort((a, b) => partition(a) - partition(b))
}

interface Slot {
  readonly memberId: string
  readonly capacity: number
  readonly stored: readonly string[]
  readonly tasks: string[]
}

function ownersOf(members: readonly AssignmentMember[], known: ReadonlySet<string>): Map<string, string> {
  const owner = new Map<string, string>()
  const generations = new Map<string, number>()
  for (const member of [...members].sort(byMemberId)) {
    for (const task of member.owned) {
      if (!known.has(task) || member.generation <= (generations.get(task) ?? -2)) continue
      owner.set(task, member.memberId)
      generations.set(task, member.generation)
    }
  }
  return owner
}

/** Where tasks do not divide evenly, those who run most may keep one more: that moves the fewest. */
function slotsFor(
  members: readonly AssignmentMember[],
  owner: ReadonlyMap<string, string>,
  taskCount: number,
): Map<string, Slot> {
  const owns = new Map<string, number>()
  for (const memberId of owner.values()) owns.set(memberId, (owns.get(memberId) ?? 0) + 1)
  const ranked = [...members].sort(
    (a, b) => (owns.get(b.memberId) ?? 0) - (owns.get(a.memberId) ?? 0) || byMemberId(a, b),
  )
  const floor = Math.floor(taskCount / Math.max(1, members.length))
  const extra = taskCount % Math.max(1, members.length)
  return new Map(
    ranked.map(({ memberId, stored }, index) => [
      memberId,
      { memberId, capacity: floor + (index < extra ? 1 : 0), stored, tasks: [] },
    ]),
  )
}

function emptiest(slots: readonly Slot[], task: string): Slot | undefined {
  const subtopology = task.slice(0, task.indexOf('_') + 1)
  const ofSame = (slot: Slot): number => slot.tasks.filter((other) => other.startsWith(subtopology)).length
  return slots
    .filter(({ tasks, capacity }) => tasks.length < capacity)
    .sort((a, b) => ofSame(a) - ofSame(b) || a.tasks.length - b.tasks.length || byMemberId(a, b))[0]
}

function byMemberId(a: { readonly memberId: string }, b: { readonly memberId: string }): number {
  return a.memberId < b.memberId ? -1 : a.memberId > b.memberId ? 1 : 0
}
