import type { PhysicalNode, SinkNode } from './physical.ts'
import type { SubtopologyPlan, TopologyPlan } from './plan.ts'

/** The text of Java's `Topology#describe()`; internal topics appear without the application id, as there. */
export function describeTopology(plan: TopologyPlan, internalPrefix: string): string {
  const internal = new Set(plan.internalTopics.map((topic) => topic.name))
  const short = (topic: string): string => (internal.has(topic) ? topic.slice(internalPrefix.length) : topic)
  return `Topologies:\n ${plan.subtopologies.map((subtopology) => describeSubtopology(subtopology, short)).join('')}`
}

interface Described {
  readonly node: PhysicalNode
  /** Nodes behind it, itself included, once for every way there is. */
  size: number
  readonly parents: Described[]
  readonly children: Described[]
}

function describeSubtopology({ id, nodes, isGlobal }: SubtopologyPlan, short: (topic: string) => string): string {
  const described = connect(nodes)
  const lines = described.sort(bySizeThenName).map((each) => `    ${describeNode(each, short)}\n`)
  // Java leaves no empty line behind a global one.
  if (isGlobal) return `  Sub-topology: ${id} for global store (will not generate tasks)\n${lines.join('')}`
  return `  Sub-topology: ${id}\n${lines.join('')}\n`
}

/**
 * Connects nodes one by one as Java does. Neighbours are sorted by their sizes when they are added, while sizes still
 * grow: which of two comes first follows from the order of Java's hash map, and texts are equal only if that is done
 * alike.
 */
function connect(nodes: readonly PhysicalNode[]): Described[] {
  const byName = new Map<string, Described>()
  for (const node of nodes) byName.set(node.name, { node, size: 1, parents: [], children: [] })
  const grow = (node: Described, by: number): void => {
    node.size += by
    for (const parent of node.parents) grow(parent, by)
  }
  for (const name of hashMapOrder([...byName.keys()])) {
    const child = byName.get(name)!
    for (const parentName of child.node.parents) {
      const parent = byName.get(parentName)!
      insert(child.parents, parent)
      insert(parent.children, child)
      grow(parent, child.size)
    }
  }
  return [...byName.values()]
}

function insert(sorted: Described[], node: Described): void {
  if (sorted.includes(node)) return
  const at = sorted.findIndex((other) => bySizeThenName(node, other) < 0)
  sorted.splice(at < 0 ? sorted.length : at, 0, node)
}

function bySizeThenName(a: Described, b: Described): number {
  return b.size - a.size || (a.node.name < b.node.name ? -1 : 1)
}

/** The order in which a `java.util.HashMap` with these keys is iterated. */
function hashMapOrder(names: readonly string[]): string[] {
  let capacity = 16
  while (names.length > capacity * 0.75) capacity *= 2
  const bucket = (name: string): number => {
    let hash = 0
    for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) | 0
    return (hash ^ (hash >>> 16)) & (capacity - 1)
  }
  return names
    .map((name) => ({ name, at: bucket(name) }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name)
}

function describeNode({ node, parents, children }: Described, short: (topic: string) => string): string {
  switch (node.kind) {
    case 'source':
      return `Source: ${node.name} (topics: [${hashMapOrder(node.topics.map(short)).join(', ')}])\n      --> ${list(children)}`
    case 'processor': {
      const stores = hashMapOrder([...new Set(node.stores)]).join(', ')
      return `Processor: ${node.name} (stores: [${stores}])\n      --> ${list(children)}\n      <-- ${list(parents)}`
    }
    case 'sink':
      return `Sink: ${node.name} (${targetOf(node, short)})\n      <-- ${list(parents)}`
  }
}

function targetOf({ topic, choice }: SinkNode, short: (topic: string) => string): string {
  return choice === undefined ? `topic: ${short(topic)}` : `extractor class: ${choice.description}`
}

function list(nodes: readonly Described[]): string {
  return nodes.length === 0 ? 'none' : nodes.map(({ node }) => node.name).join(', ')
}
