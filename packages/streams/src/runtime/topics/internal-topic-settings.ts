import type { InternalTopicPlan, TopologyPlan } from '../../core/topology/plan.ts'
import type { RuntimeConfig } from '../config.ts'

/** What the plan adds to the retention of a window store for its changelog. */
const plannedExtraMs = 86_400_000

/**
 * Settings that an internal topic is created with. As in Kafka Streams, what is said of all internal topics stands above
 * what follows from their kind, and what a step says of its own changelog above that. The changelogs of window stores keep
 * records as long as the store, and somewhat longer, whatever is said of all.
 */
export function internalTopicSettings(
  topic: InternalTopicPlan,
  plan: TopologyPlan,
  {
    internalTopicConfig,
    windowChangelogExtraMs,
  }: Pick<RuntimeConfig, 'internalTopicConfig' | 'windowChangelogExtraMs'>,
): Readonly<Record<string, string>> {
  const store = topic.store === undefined ? undefined : plan.stores.get(topic.store)
  const own = store?.changelog ?? {}
  const settings: Record<string, string> = { ...topic.config, ...internalTopicConfig, ...own }
  const planned = topic.config['retention.ms']
  if (store !== undefined && planned !== undefined && own['retention.ms'] === undefined) {
    const keptMs = Number(planned) - plannedExtraMs + windowChangelogExtraMs
    // Unlimited windows are kept for ever.
    settings['retention.ms'] = Number.isSafeInteger(keptMs) ? String(keptMs) : planned
  }
  return settings
}
