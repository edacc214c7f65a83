/** What is to be placed where, all by index. */
export interface PlacementInput {
  /** Tasks, by the group that they belong to. */
  readonly groups: readonly PlacementGroup[]
  /** How many tasks each place takes, of all groups. */
  readonly capacities: readonly number[]
  /** A whole number. */
  readonly costOf: (task: string, place: number) => number
}

export interface PlacementGroup {
  readonly tasks: readonly string[]
  /** How many tasks of the group each place takes. */
  readonly capacities: readonly number[]
}

/** The cheapest way to hand something on from one place to another: which task goes, and what that adds. */
interface Step {
  readonly task: string
  readonly cost: number
}

/**
 * Places every task at the lowest total cost that capacities allow: a flow of least cost, by successive shortest paths. A
 * task that is added goes where it costs least; where that is full, it pushes another one on, as long as that pays.
 *
 * Not over a graph of all tasks: between two places only the task counts whose move adds least, so that the graph has as
 * many nodes as there are places in groups, and a task is an insertion.
 *
 * @throws RangeError where the capacities do not suffice
 */
export function placeAtLeastCost(input: PlacementInput): ReadonlyMap<string, number> {
  const flow = new Flow(input)
  for (const [group, { tasks }] of input.groups.entries()) for (const task of tasks) flow.insert(task, group)
  return flow.places()
}

class Flow {
  readonly #input: PlacementInput
  readonly #places: number
  readonly #groups: number
  /** By node (a place in a group): its tasks, and the cheapest step to every other place. */
  readonly #tasks: string[][]
  readonly #steps: (Step | undefined)[][]
  readonly #load: number[]

  constructor(input: PlacementInput) {
    this.#input = input
    this.#places = input.capacities.length
    this.#groups = input.groups.length
    this.#tasks = Array.from({ length: this.#places * this.#groups }, () => [])
    this.#steps = this.#tasks.map(() => [])
    this.#load = input.capacities.map(() => 0)
  }

  places(): ReadonlyMap<string, number> {
    return new Map(
      this.#tasks.flatMap((tasks, node) => tasks.map((task) => [task, node % this.#places] as [string, number])),
    )
  }

  insert(task: string, group: number): void {
    const { distance, before } = this.#distances(task, group)
    let end = -1
    for (let place = 0; place < this.#places; place++) {
      const node = this.#total(place)
      if (this.#load[place]! >= this.#input.capacities[place]! || distance[node] === Number.POSITIVE_INFINITY) continue
      if (end < 0 || distance[node]! < distance[end]!) end = node
    }
    if (end < 0) throw new RangeError(`there is no place for task ${task}`)
    this.#load[end - this.#total(0)]!++
    this.#apply(task, end, before)
  }

  /** The node of a place as a whole; the others are its parts in groups. */
  #total(place: number): number {
    return this.#groups * this.#places + place
  }

  /** What it costs to have one task more at a node, and by which node it comes there (-1: straight). */
  #distances(task: string, group: number): { readonly distance: number[]; readonly before: number[] } {
    const nodes = (this.#groups + 1) * this.#places
    const distance = Array.from({ length: nodes }, () => Number.POSITIVE_INFINITY)
    const before = Array.from({ length: nodes }, () => -1)
    const queue: number[] = []
    const isQueued = new Set<number>()
    const reach = (node: number, cost: number, from: number): void => {
      if (cost >= distance[node]!) return
      distance[node] = cost
      before[node] = from
      if (!isQueued.has(node)) queue.push(node)
      isQueued.add(node)
    }
    for (let place = 0; place < this.#places; place++) {
      reach(group * this.#places + place, this.#input.costOf(task, place), -1)
    }
    for (let next = 0; next < queue.length; next++) {
      const node = queue[next]!
      isQueued.delete(node)
      this.#leave(node, (to, cost) => reach(to, distance[node]! + cost, node))
    }
    return { distance, before }
  }

  #leave(node: number, to: (node: number, cost: number) => void): void {
    const place = node % this.#places
    const group = Math.floor(node / this.#places)
    if (group === this.#groups) {
      // The place keeps what comes, and a group gives one of its own there up.
      for (let other = place; other < this.#total(0); other += this.#places) {
        if (this.#tasks[other]!.length > 0) to(other, 0)
      }
      return
    }
    if (this.#tasks[node]!.length < this.#input.groups[group]!.capacities[place]!) to(this.#total(place), 0)
    for (let other = 0; other < this.#places; other++) {
      const step = this.#steps[node]![other]
      if (step !== undefined) to(group * this.#places + other, step.cost)
    }
  }

  #apply(task: string, end: number, before: readonly number[]): void {
    const changed = new Set<number>()
    for (let node = end; node >= 0; node = before[node]!) {
      const from = before[node]!
      if (node >= this.#total(0) || from >= this.#total(0)) continue
      const moved = from < 0 ? task : this.#steps[from]![node % this.#places]!.task
      if (from >= 0) this.#tasks[from]!.splice(this.#tasks[from]!.indexOf(moved), 1)
      this.#tasks[node]!.push(moved)
      changed.add(node)
      if (from >= 0) changed.add(from)
    }
    for (const node of changed) this.#steps[node] = this.#stepsFrom(node)
  }

  #stepsFrom(node: number): (Step | undefined)[] {
    const { costOf } = this.#input
    const place = node % this.#places
    return this.#input.capacities.map((_, other) => {
      let best: Step | undefined
      if (other === place) return best
      for (const task of this.#tasks[node]!) {
        const cost = costOf(task, other) - costOf(task, place)
        if (best === undefined || cost < best.cost) best = { task, cost }
      }
      return best
    })
  }
}
