import type { TopicSpec, TopologyPlan } from './plan.ts'

/** The user's topics that an application reads, global tables' included, as their contracts describe them. */
export function readTopics(plan: TopologyPlan): readonly TopicSpec[] {
  return described(plan, plan.sourceTopics)
}

/** The user's topics that an application writes, dead letters left out. */
export function writtenTopics(plan: TopologyPlan): readonly TopicSpec[] {
  const internal = new Set(plan.internalTopics.map(({ name }) => name))
  const written = new Set(plan.subtopologies.flatMap(({ sinkTopics }) => sinkTopics))
  return described(
    plan,
    [...written].filter((name) => !internal.has(name)),
  )
}

function described({ contractedTopics }: TopologyPlan, names: readonly string[]): TopicSpec[] {
  return names.map((name) => contractedTopics.get(name) ?? { name })
}
