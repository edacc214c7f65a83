import { type Clock, isMillraceError, type Random, sleep } from '@millrace/base'
import { backoffMs, deadLetterTopic } from '@millrace/base/internal'
import type { KafkaClient } from '@millrace/kafka'
import { type ResolvedPartitions, resolvePartitions } from '../../core/topology/partitions.ts'
import type { InternalTopicPlan, TopologyPlan } from '../../core/topology/plan.ts'
import { writtenTopics } from '../../core/topology/user-topics.ts'
import { streamsError } from '../../errors.ts'
import { orAborted } from '../abortable.ts'
import type { RuntimeConfig } from '../config.ts'
import { classifyFailure } from '../failures.ts'
import { checkChangelogs, checkNames } from './internal-topic-checks.ts'
import { internalTopicSettings } from './internal-topic-settings.ts'

export interface PrepareTopicsOptions {
  readonly client: KafkaClient
  readonly plan: TopologyPlan
  readonly config: RuntimeConfig
  readonly clock: Clock
  readonly random: Random
  /** Whether some failure handler may set records aside. */
  readonly hasDeadLetters: boolean
  readonly onFailure: (error: unknown) => void
  readonly signal: AbortSignal
}

const waitForTopicsMs = 500

/**
 * Waits for the topics that the application reads, creates those that are its own, and, as their contracts say, those that
 * it writes where they are missing; returns the partition counts of all of them. Every instance does this before it joins the group: creation is
 * idempotent, and an assignment then never waits for a topic. A broker that is away is waited for without limit.
 *
 * @throws STREAMS_SOURCE_TOPIC_MISSING after `sourceTopicsTimeoutMs`, STREAMS_NOT_COPARTITIONED,
 *   STREAMS_INTERNAL_TOPIC_MISMATCH, STREAMS_NAMES_MOVED, STREAMS_STORE_CHANGED
 */
export async function prepareTopics(options: PrepareTopicsOptions): Promise<ReadonlyMap<string, number>> {
  const { clock, config, random, onFailure, signal } = options
  const deadlineMs = clock.now() + config.sourceTopicsTimeoutMs
  const backoff = { delayMsMin: config.retryDelayMsMin, delayMsMax: config.retryDelayMsMax }
  let told: string | undefined
  for (let failures = 0; ; ) {
    signal.throwIfAborted()
    try {
      return await orAborted(createMissing(options), signal)
    } catch (error) {
      signal.throwIfAborted()
      const isMissing = isMillraceError(error) && error.code === 'STREAMS_SOURCE_TOPIC_MISSING'
      if (classifyFailure(error) === 'fatal' || (isMissing && clock.now() >= deadlineMs)) throw error
      // Looked for twice a second: told of when something else is missing.
      if (!isMissing || error.message !== told) onFailure(error)
      told = isMissing ? error.message : undefined
      failures++
      await sleep(clock, isMissing ? waitForTopicsMs : backoffMs(failures, backoff, random), signal)
    }
  }
}

async function createMissing({
  client,
  plan,
  config,
  hasDeadLetters,
}: PrepareTopicsOptions): Promise<ReadonlyMap<string, number>> {
  const existing = new Map((await client.admin.listTopics()).map(({ name, partitions }) => [name, partitions.length]))
  const resolved = resolvePartitions(plan, (topic) => existing.get(topic))
  const internal = plan.internalTopics.map((topic) => ({ topic, partitions: partitionsFor(topic, resolved) }))
  for (const { topic, partitions } of internal) checkPartitions(topic, partitions, existing.get(topic.name))
  const names = new Set(existing.keys())
  checkNames(plan, names)
  await checkChangelogs(client, plan, config, names)
  const replication = config.replicationFactor < 0 ? {} : { replicationFactor: config.replicationFactor }
  const wanted = [
    ...internal.map(({ topic, partitions }) => ({
      name: topic.name,
      partitions,
      config: internalTopicSettings(topic, plan, config),
      ...replication,
    })),
    ...(hasDeadLetters ? deadLetterTopics(plan, config) : []).map(([name, inputs]) => ({
      name,
      partitions: Math.max(...inputs.map((topic) => existing.get(topic) ?? resolved.counts.get(topic) ?? 1)),
      ...replication,
    })),
    ...writtenTopics(plan),
  ].filter(({ name }) => !existing.has(name))
  if (wanted.length > 0) {
    await client.admin.createTopics(wanted, { ifNotExists: true })
    for (const { name, partitions } of await client.admin.describeTopics(wanted.map(({ name }) => name))) {
      existing.set(name, partitions.length)
    }
  }
  return new Map([...existing, ...resolved.counts])
}

function partitionsFor(topic: InternalTopicPlan, resolved: ResolvedPartitions): number {
  return resolved.counts.get(topic.name) ?? topic.partitions ?? 1
}

function inputTopics(plan: TopologyPlan): readonly string[] {
  return [...new Set(plan.subtopologies.flatMap(({ sourceTopics }) => sourceTopics))]
}

/** With the topics whose records each of them takes. */
function deadLetterTopics(plan: TopologyPlan, config: RuntimeConfig): [name: string, inputs: readonly string[]][] {
  const inputs = inputTopics(plan)
  if (config.deadLetterTopic !== undefined) return [[config.deadLetterTopic, inputs]]
  return inputs.map((topic) => [deadLetterTopic(topic), [topic]])
}

function checkPartitions({ name }: InternalTopicPlan, wanted: number, found: number | undefined): void {
  if (found === undefined || found === wanted) return
  throw streamsError(
    'STREAMS_INTERNAL_TOPIC_MISMATCH',
    `${name} has ${found} partitions, the topology needs ${wanted}`,
    { topic: name, partitions: found, expected: wanted },
  )
}
