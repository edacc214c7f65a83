import type { GraphNode } from './graph.ts'

/** The steps of a topology and what each is attached to: as it was written, until optimisations attach steps elsewhere. */
export class Program {
  readonly #steps: GraphNode[]
  /** By step and parent as written: what stands in that parent's place. */
  readonly #parents: Map<GraphNode, Map<GraphNode, readonly GraphNode[]>>
  /** Names of steps that are left out, by the name of what stands for them. */
  readonly standIns = new Map<string, string>()

  constructor(steps: readonly GraphNode[]) {
    this.#steps = [...steps]
    this.#parents = new Map(steps.map((step) => [step, new Map(step.parents.map((parent) => [parent, [parent]]))]))
  }

  /** In the order in which they are written. */
  get steps(): readonly GraphNode[] {
    return this.#steps
  }

  parentsOf(step: GraphNode): readonly GraphNode[] {
    return [...new Set([...(this.#parents.get(step)?.values() ?? [])].flat())]
  }

  /** Names of what a step is attached to where it says `name`. */
  parentNames(step: GraphNode, name: string): readonly string[] {
    for (const [written, actual] of this.#parents.get(step) ?? []) {
      if (written.name === name) return actual.map((parent) => parent.name)
    }
    return [name]
  }

  addAfter(step: GraphNode, added: GraphNode): void {
    this.#steps.splice(this.#steps.indexOf(step) + 1, 0, added)
    this.#parents.set(added, new Map(added.parents.map((parent) => [parent, [parent]])))
  }

  /** Attaches a step to another parent. */
  move(step: GraphNode, from: GraphNode, to: readonly GraphNode[]): void {
    const parents = this.#parents.get(step)!
    for (const [written, actual] of parents) {
      if (actual.includes(from)) parents.set(written, [...new Set(actual.flatMap((one) => (one === from ? to : one)))])
    }
  }

  /** Leaves a step out: what is attached to it is attached to its parents. */
  remove(step: GraphNode, standIn: GraphNode): void {
    const parents = this.parentsOf(step)
    this.#parents.delete(step)
    for (const other of this.#parents.keys()) this.move(other, step, parents)
    this.#steps.splice(this.#steps.indexOf(step), 1)
    if (step.name !== standIn.name) this.standIns.set(step.name, standIn.name)
  }

  /** Steps whose records reach a join that takes those without key. */
  keepingNullKeys(): ReadonlySet<GraphNode> {
    const found = new Set<GraphNode>()
    const add = (step: GraphNode): void => {
      for (const parent of this.parentsOf(step)) {
        if (found.has(parent)) continue
        found.add(parent)
        add(parent)
      }
    }
    for (const step of this.#steps) if (step.stream?.takesNullKeys) add(step)
    return found
  }
}
