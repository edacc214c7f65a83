import type { PhysicalNode } from './physical.ts'
import type { SubtopologyPlan, TopologyPlan } from './plan.ts'

/** The text of Java's `Topology#describe()`; internal topics appear without the application id, as there. */
export function describeTopology(plan: TopologyPlan, internalPrefix: string): string {
  const internal = new Set(plan.internalTopics.map((topic) => topic.name))
  const short = (topic: string): string => (internal.has(topic) ? topic.slice(internalPrefix.length) : topic)
  return `Topologies:\n ${plan.subtopologies.map((subtopology) => describeSubtopology(subtopology, short)).join('')}`
}

function describeSubtopology({ id, nodes }: SubtopologyPlan, short: (topic: string) => string): string {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const sizes = new Map<string, number>()
  const sizeOf = (name: string): number => {
    let size = sizes.get(name)
    if (size === undefined) {
      size = byName.get(name)!.children.reduce((sum, child) => sum + sizeOf(child), 1)
      sizes.set(name, size)
    }
    return size
  }
  /** Nodes with more behind them first, then by name. */
  const inOrder = (names: Iterable<string>): string[] => {
    return [...new Set(names)].sort((a, b) => sizeOf(b) - sizeOf(a) || (a < b ? -1 : 1))
  }
  const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : inOrder(names).join(', '))
  const lines = inOrder(byName.keys()).map((name) => `    ${describeNode(byName.get(name)!, list, short)}\n`)
  return `  Sub-topology: ${id}\n${lines.join('')}\n`
}

function describeNode(
  node: PhysicalNode,
  list: (names: readonly string[]) => string,
  short: (topic: string) => string,
): string {
  switch (node.kind) {
    case 'source':
      return `Source: ${node.name} (topics: [${node.topics.map(short).join(', ')}])\n      --> ${list(node.children)}`
    case 'processor': {
      const stores = [...new Set(node.stores)].sort().join(', ')
      return `Processor: ${node.name} (stores: [${stores}])\n      --> ${list(node.children)}\n      <-- ${list(node.parents)}`
    }
    case 'sink':
      return `Sink: ${node.name} (topic: ${short(node.topic)})\n      <-- ${list(node.parents)}`
  }
}
