import { isMillraceError } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import type { InternalTopicPlan, TopologyPlan } from '../../core/topology/plan.ts'
import { streamsError } from '../../errors.ts'
import type { RuntimeConfig } from '../config.ts'
import { internalTopicSettings } from './internal-topic-settings.ts'

const policy = 'cleanup.policy'
const compactionLag = 'min.compaction.lag.ms'
/** What Kafka Streams makes names of: step and position. */
const positional = /^(?:KSTREAM|KTABLE|COGROUPKSTREAM)-[A-Z-]+-\d{10}(?:-.*)?$/

/**
 * Names by position that are wanted and not there, while others like them are there and not wanted: the program has
 * changed before those steps, and what belongs to them would be left behind.
 *
 * @throws STREAMS_NAMES_MOVED
 */
export function checkNames({ applicationId, internalTopics }: TopologyPlan, existing: ReadonlySet<string>): void {
  const prefix = `${applicationId}-`
  const isPositional = (name: string): boolean =>
    name.startsWith(prefix) &&
    /-(?:changelog|repartition|topic)$/.test(name) &&
    positional.test(name.slice(prefix.length))
  const wanted = new Set(internalTopics.map(({ name }) => name))
  const missing = [...wanted].filter((name) => isPositional(name) && !existing.has(name))
  if (missing.length === 0) return
  const left = [...existing].filter((name) => isPositional(name) && !wanted.has(name))
  if (left.length === 0) return
  throw streamsError(
    'STREAMS_NAMES_MOVED',
    `${left.join(', ')} would be left behind, and ${missing.join(', ')} begin from nothing`,
    { left: left.join(','), missing: missing.join(',') },
  )
}

/**
 * Changelogs that were made for a store of another kind: their settings tell, where a store on disk would have told too.
 *
 * @throws STREAMS_STORE_CHANGED
 */
export async function checkChangelogs(
  client: KafkaClient,
  plan: TopologyPlan,
  config: RuntimeConfig,
  existing: ReadonlySet<string>,
): Promise<void> {
  const changelogs = plan.internalTopics.filter(({ name, kind }) => kind === 'changelog' && existing.has(name))
  await Promise.all(
    changelogs.map((topic) => checkChangelog(client, topic, internalTopicSettings(topic, plan, config))),
  )
}

async function checkChangelog(
  client: KafkaClient,
  { name, store }: InternalTopicPlan,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  const found = new Map<string, string | null>()
  try {
    const entries = await client.admin.describeConfigs({ topic: name }, [policy, compactionLag])
    for (const entry of entries) found.set(entry.name, entry.value)
  } catch (error) {
    // Who may not look cannot know.
    if (isMillraceError(error) && error.code.endsWith('_AUTHORIZATION_FAILED')) return
    throw error
  }
  const isOtherPolicy = sorted(found.get(policy) ?? '') !== sorted(wanted[policy] ?? '')
  const keepsVersions = Number(wanted[compactionLag] ?? 0) > 0
  if (!isOtherPolicy && keepsVersions === Number(found.get(compactionLag) ?? 0) > 0) return
  const is = `${policy}=${found.get(policy)}, ${compactionLag}=${found.get(compactionLag)}`
  const message = `${name} has ${is}, store ${store} needs ${policy}=${wanted[policy]}, ${compactionLag}=${wanted[compactionLag] ?? 0}`
  throw streamsError('STREAMS_STORE_CHANGED', message, { topic: name, store })
}

function sorted(list: string): string {
  return list
    .split(',')
    .map((one) => one.trim())
    .sort()
    .join()
}
