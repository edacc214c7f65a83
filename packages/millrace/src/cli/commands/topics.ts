import type { KafkaClient, TopicDescription } from '@millrace/kafka'
import { millraceError, noTopic } from '../../errors.ts'
import { type DailyFlags, withKafka } from '../kafka.ts'
import { counted, printJson, printTable } from '../output.ts'
import { pairs } from '../pairs.ts'

interface PartitionRow {
  readonly partition: number
  readonly leader: number
  readonly earliest: number
  readonly latest: number
}

export async function listTopics(flags: DailyFlags & { readonly internal?: boolean }): Promise<void> {
  await withKafka(flags, async (client) => {
    const topics = await client.admin.listTopics({ internal: flags.internal ?? false })
    const rows = []
    for (const topic of topics.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const partitions = await partitionRows(client, topic)
      rows.push({ topic: topic.name, partitions: partitions.length, offsets: sum(partitions) })
    }
    if (flags.json) printJson(rows)
    else
      printTable(
        ['topic', 'partitions', 'offsets'],
        rows.map((row) => [row.topic, row.partitions, row.offsets]),
      )
  })
}

export async function describeTopic(name: string, flags: DailyFlags): Promise<void> {
  await withKafka(flags, async (client) => {
    const topic = await findTopic(client, name)
    const partitions = await partitionRows(client, topic)
    const settings = (await client.admin.describeConfigs({ topic: name })).filter((entry) => !entry.isDefault)
    const config = Object.fromEntries(settings.map((entry) => [entry.name, entry.value]))
    if (flags.json) {
      printJson({ topic: name, topicId: topic.topicId, partitions, config })
      return
    }
    console.log(`topic ${name}, id ${topic.topicId}`)
    for (const [setting, value] of Object.entries(config)) console.log(`  ${setting} = ${value}`)
    printTable(
      ['partition', 'leader', 'earliest', 'latest'],
      partitions.map((row) => [row.partition, row.leader, row.earliest, row.latest]),
    )
  })
}

interface CreateFlags extends DailyFlags {
  readonly partitions: number
  readonly replicationFactor?: number
  readonly config?: readonly string[]
}

export async function createTopic(name: string, flags: CreateFlags): Promise<void> {
  await withKafka(flags, async (client) => {
    const { partitions, replicationFactor } = flags
    const config = pairs(flags.config)
    await client.admin.createTopics([{ name, partitions, ...(replicationFactor && { replicationFactor }), config }])
    if (flags.json) printJson({ topic: name, partitions })
    else console.log(`created ${name} with ${counted(partitions, 'partition')}`)
  })
}

export async function deleteTopic(name: string, flags: DailyFlags & { readonly yes?: boolean }): Promise<void> {
  await withKafka(flags, async (client) => {
    const partitions = await partitionRows(client, await findTopic(client, name))
    if (!flags.yes) {
      const what = `this would delete ${name}: ${counted(partitions.length, 'partition')}, ${counted(sum(partitions), 'offset')}`
      throw millraceError('CONFIRMATION_NEEDED', what, { topic: name })
    }
    await client.admin.deleteTopics([name])
    if (flags.json) printJson({ topic: name, deleted: true })
    else console.log(`deleted ${name}`)
  })
}

async function findTopic(client: KafkaClient, name: string): Promise<TopicDescription> {
  const topic = (await client.admin.listTopics({ internal: true })).find((candidate) => candidate.name === name)
  if (!topic) throw noTopic(name)
  return topic
}

async function partitionRows(client: KafkaClient, topic: TopicDescription): Promise<PartitionRow[]> {
  const offsets = async (at: 'earliest' | 'latest'): Promise<Map<number, number>> => {
    const asked = topic.partitions.map(({ partition }) => ({ topic: topic.name, partition, at }))
    return new Map((await client.admin.listOffsets(asked)).map(({ partition, offset }) => [partition, offset]))
  }
  const [earliest, latest] = [await offsets('earliest'), await offsets('latest')]
  return topic.partitions.map(({ partition, leader }) => ({
    partition,
    leader,
    earliest: earliest.get(partition) ?? -1,
    latest: latest.get(partition) ?? -1,
  }))
}

/** Offsets, not records: gaps of compaction and of transaction markers count. */
function sum(partitions: readonly PartitionRow[]): number {
  return partitions.reduce((total, { earliest, latest }) => total + latest - earliest, 0)
}
