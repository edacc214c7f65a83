import { type Clock, systemClock } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import { connectError } from '../../errors.ts'
import type { SinkConnector, SourceConnector, StoredPosition } from '../connector.ts'
import { PositionStore, positionsTopic, replacePosition, transactionalIdOf } from '../position-store.ts'
import type { BuiltConnector } from './build-connector.ts'
import { awaitNoMembers, groupOffsets, type MovedOffset, moveGroupOffsets } from './group-offsets.ts'

/** Where a connector stands, as `GET /connectors/<name>/offsets` shows it and `PATCH` takes it. */
export interface ConnectorOffset {
  readonly partition: Readonly<Record<string, unknown>>
  /** Null resets the partition. */
  readonly offset: Readonly<Record<string, unknown>> | null
}

/** What of a connector says where its offsets lie. */
type Stored = Pick<BuiltConnector, 'connector' | 'positions' | 'groupId'>

export interface OffsetsHome {
  readonly client: KafkaClient
  readonly clock: Clock
}

/** Where one that is declared in code stands, run as it is by default. */
export function declaredOffsets(
  connector: SourceConnector | SinkConnector,
  client: KafkaClient,
): Promise<ConnectorOffset[]> {
  const { name } = connector
  const positions = { topic: positionsTopic, transactionalId: transactionalIdOf(name) }
  return readOffsets({ connector, positions, groupId: `millrace-sink-${name}` }, { client, clock: systemClock })
}

export async function readOffsets(built: Stored, { client, clock }: OffsetsHome): Promise<ConnectorOffset[]> {
  const { connector } = built
  if (connector.kind === 'sink') return sinkOffsets(client, built.groupId, connector)
  const { topic, fallbackTopic } = built.positions
  const read = (from: string) => new PositionStore(client, from, clock).read(connector)
  const position = (await read(topic)) ?? (fallbackTopic === undefined ? undefined : await read(fallbackTopic))
  return position === undefined ? [] : [{ partition: partitionOf(connector), offset: position }]
}

/** @throws CONNECT_OFFSETS_REFUSED */
export async function alterOffsets(
  built: BuiltConnector,
  offsets: readonly ConnectorOffset[],
  home: OffsetsHome,
): Promise<void> {
  if (offsets.length === 0) throw refused('The offsets to be altered may not be null or empty')
  const { connector } = built
  if (connector.kind === 'sink') return alterSink(built.groupId, connector, offsets, home)
  const own = JSON.stringify(partitionOf(connector))
  for (const { partition } of offsets) {
    if (JSON.stringify(partition) === own) continue
    throw refused(`${connector.name} has no partition ${JSON.stringify(partition)}; its own is ${own}`)
  }
  const position = offsets.at(-1)!.offset as StoredPosition | null
  if (position !== null && connector.partition === undefined && !('version' in position)) {
    throw refused('an offset of this connector has a version; GET shows its form')
  }
  if (position !== null) checkPosition(connector, position)
  await storePosition(built, connector, position ?? undefined, home)
}

/** Forgets where it stands: it begins anew. @throws CONNECT_OFFSETS_REFUSED */
export async function resetOffsets(built: BuiltConnector, home: OffsetsHome): Promise<void> {
  const { connector } = built
  if (connector.kind === 'source') return storePosition(built, connector, undefined, home)
  const known = await sinkOffsets(home.client, built.groupId, connector)
  await alterSink(
    built.groupId,
    connector,
    known.map(({ partition }) => ({ partition, offset: null })),
    home,
  )
}

function checkPosition(connector: SourceConnector, position: StoredPosition): void {
  try {
    connector.checkPosition?.(position)
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error))
  }
}

async function storePosition(
  { positions }: BuiltConnector,
  connector: SourceConnector,
  position: StoredPosition | undefined,
  { client, clock }: OffsetsHome,
): Promise<void> {
  const { topic, fallbackTopic, transactionalId } = positions
  const store = (into: string): Promise<void> =>
    replacePosition(client, transactionalId, new PositionStore(client, into, clock), connector, position)
  // Both, or what is reset in one would be read from the other.
  if (fallbackTopic !== undefined) await store(fallbackTopic)
  await store(topic)
}

function partitionOf({ name, partition }: SourceConnector): Readonly<Record<string, unknown>> {
  return partition ?? { source: name }
}

/** The group's offsets, which follow those in the target. */
async function sinkOffsets(
  client: KafkaClient,
  groupId: string,
  { topics }: SinkConnector,
): Promise<ConnectorOffset[]> {
  const names = new Set(topics.map(({ name }) => name))
  const committed = await groupOffsets(client, groupId)
  return committed
    .filter(({ topic }) => names.has(topic))
    .map(({ topic, partition, offset }) => ({
      partition: { kafka_topic: topic, kafka_partition: partition },
      offset: { kafka_offset: offset },
    }))
}

async function alterSink(
  groupId: string,
  connector: SinkConnector,
  offsets: readonly ConnectorOffset[],
  { client, clock }: OffsetsHome,
): Promise<void> {
  if (!connector.setOffsets) {
    throw refused(`${connector.name} keeps its offsets in its target, and they cannot be altered from here`)
  }
  const wanted = offsets.map(movedOffset)
  const described = await client.admin.describeTopics([...new Set(wanted.map(({ topic }) => topic))], {
    ifExists: true,
  })
  const targets = wanted.map(({ topic, partition, offset }) => {
    const found = described.find(({ name }) => name === topic)
    const isRead = connector.topics.some(({ name }) => name === topic)
    if (!isRead || !found || partition >= found.partitions.length) {
      throw refused(`${connector.name} does not read partition ${partition} of ${topic}`)
    }
    return { partition: { topic, partition, topicId: found.topicId }, offset }
  })
  // Before anything is moved: a member would go on from where it stands, or be fenced for nothing.
  await awaitNoMembers(client, groupId, clock)
  // The target's are the truth. Dying in between leaves what is shown behind it, until the sink runs.
  await connector.setOffsets(targets)
  await moveGroupOffsets(client, groupId, wanted)
}

/** Numbers may be texts, as in Kafka Connect. */
function movedOffset({ partition, offset }: ConnectorOffset): MovedOffset {
  const { kafka_topic: topic, kafka_partition: number } = partition
  const next = offset === null ? undefined : wholeNumber(offset.kafka_offset)
  const at = wholeNumber(number)
  if (typeof topic !== 'string' || at === undefined || (offset !== null && next === undefined)) {
    throw refused('of a sink, partition is {"kafka_topic", "kafka_partition"} and offset {"kafka_offset"} or null')
  }
  return { topic, partition: at, offset: next }
}

function wholeNumber(value: unknown): number | undefined {
  const isNumeric = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')
  const number = isNumeric ? Number(value) : Number.NaN
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined
}

function refused(message: string): Error {
  return connectError('CONNECT_OFFSETS_REFUSED', message)
}
