import type { KafkaClient } from '@millrace/kafka'
import type { SimulatedApplication } from './simulated-application.ts'

interface Watched {
  readonly observer: KafkaClient
  readonly app: SimulatedApplication
}

const bothOf = (topics: readonly string[]) =>
  topics.flatMap((topic) => [0, 1].map((partition) => ({ topic, partition, at: 'latest' as const })))

/** What the application has not committed yet of its inputs, its own repartition topics included; empty when it is through. */
export async function behind({ observer, app }: Watched): Promise<readonly string[]> {
  const topics = await observer.admin.listTopics().catch(() => [])
  // Of its own topics those that it reads: repartition topics, and those of joins by foreign keys.
  const own = topics.filter(({ name }) => name.startsWith(`${app.id}-`) && /-(repartition|topic)$/.test(name))
  const inputs = [...app.inputs.filter((name) => !app.globals?.includes(name)), ...own.map(({ name }) => name)]
  const committed = await observer.admin.committedOffsets(app.id).catch(() => [])
  const offsetOf = new Map(committed.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]))
  const ends = await observer.admin.listOffsets(bothOf(inputs), { isolation: 'read_uncommitted' }).catch(() => [])
  if (ends.length === 0) return ['the broker does not answer']
  return ends.flatMap(({ topic, partition, offset }) => {
    const done = offsetOf.get(`${topic}/${partition}`) ?? 0
    return done >= offset ? [] : [`${topic}/${partition}: ${done} of ${offset} committed`]
  })
}

/**
 * Whether no transaction is open any more on what was written. One of a thread that died, and whose number nobody has after
 * the restart, holds readers back until the broker ends it.
 */
export async function isStable({ observer, app }: Watched): Promise<boolean> {
  const partitions = bothOf(app.outputs.map(({ contract }) => contract.name))
  const ends = (isolation: 'read_committed' | 'read_uncommitted') =>
    observer.admin.listOffsets(partitions, { isolation })
  const [stable, all] = [await ends('read_committed'), await ends('read_uncommitted')]
  return all.every(({ offset }, i) => stable[i]!.offset >= offset)
}
