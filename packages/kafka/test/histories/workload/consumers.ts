import type { Consumer, TopicPartition } from '@millrace/kafka'
import { cooperativeStickyAssignor, rangeAssignor } from '@millrace/kafka'
import type { CommittedOffset } from '../history.ts'
import { endTransaction } from './producers.ts'
import { type ClientProcess, logTopic, outTopic, partitions, resultOf } from './world.ts'

const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

const memberOptions = {
  sessionTimeoutMs: 1_200,
  heartbeatIntervalMs: 300,
  rebalanceTimeoutMs: 2_000,
  autoOffsetReset: 'earliest',
  maxWaitMs: 400,
} as const

/** Subscribes, and takes down what the group gives and takes. */
function subscribe(process: ClientProcess, consumer: Consumer): void {
  const note = (): void => {
    const names = consumer.assignment().map(nameOf)
    process.world.recorder.note(process.name, { kind: 'assign', partitions: names })
  }
  consumer.subscribe({ topics: [logTopic], onAssigned: note, onLost: note })
}

/** A member of a group that commits what it has polled. */
export async function runMember(process: ClientProcess, group: string, cooperative: boolean): Promise<void> {
  const { client, world } = process
  const isolation = 'read_committed'
  const assignors = [cooperative ? cooperativeStickyAssignor : rangeAssignor]
  const consumer = client.consumer({ ...memberOptions, groupId: group, isolation, assignors })
  subscribe(process, consumer)
  try {
    while (world.running && !process.isDead) {
      const { records = [] } =
        (await process.call({ kind: 'poll', isolation, group }, async () =>
          resultOf(await consumer.poll({ timeoutMs: 100 })),
        )) ?? {}
      const offsets = endsOf(records)
      // The group may have moved on; then somebody else reads it again.
      if (offsets.length > 0 && process.chance(0.7))
        await commit(process, consumer, group, offsets).catch(() => undefined)
      if (process.chance(0.2)) await process.pause(80)
    }
  } finally {
    await consumer.close().catch(() => undefined)
  }
}

async function commit(
  process: ClientProcess,
  consumer: Consumer,
  group: string,
  offsets: readonly CommittedOffset[],
): Promise<void> {
  await process.call({ kind: 'commitOffsets', group, offsets }, async () => {
    await consumer.commit(offsets.map(toTopicPartition))
    return undefined
  })
}

/** Behind the last record of each partition. */
function endsOf(records: readonly { partition: string; offset: number }[]): CommittedOffset[] {
  const ends = new Map<string, number>()
  for (const { partition, offset } of records) ends.set(partition, offset + 1)
  return [...ends].map(([partition, offset]) => ({ partition, offset }))
}

function toTopicPartition({ partition, offset }: CommittedOffset): TopicPartition & { offset: number } {
  const [topic = '', index] = partition.split('/')
  return { topic, partition: Number(index), offset }
}

/** Reads the log and writes a result for each record, with the offset in the same transaction. */
export async function runProcessor(process: ClientProcess, group: string, transactionalId: string): Promise<void> {
  const { client, world } = process
  const isolation = 'read_committed'
  const producer = client.producer({ transactionalId, deliveryTimeoutMs: 3_000, transactionTimeoutMs: 1_500 })
  const consumer = client.consumer({ ...memberOptions, groupId: group, isolation })
  try {
    await process.call({ kind: 'init', transactionalId }, async () => {
      await producer.init()
      return undefined
    })
    subscribe(process, consumer)
    for (let number = 1; world.running && !process.isDead; number++) {
      const { records = [] } =
        (await process.call({ kind: 'poll', isolation, group }, async () =>
          resultOf(await consumer.poll({ timeoutMs: 100 })),
        )) ?? {}
      if (records.length === 0) continue
      const name = { transactionalId, transaction: `${process.name}#${number}` }
      world.recorder.note(process.name, { kind: 'begin', ...name })
      producer.begin()
      for (const { value } of records) {
        const partition = process.below(partitions)
        const operation = {
          kind: 'send',
          partition: `${outTopic}/${partition}`,
          value: `${name.transaction}(${value})`,
          from: value,
          ...name,
        } as const
        const sent = process.call(operation, async () => {
          const bytes = Buffer.from(operation.value)
          const { offset } = await producer.send({ topic: outTopic, partition, key: null, value: bytes })
          return offset >= 0 ? { offset } : {}
        })
        sent.catch(() => undefined)
      }
      const offsets = endsOf(records)
      const { transaction } = name
      let included = true
      try {
        await process.call({ kind: 'commitOffsets', group, offsets, transaction }, async () => {
          await producer.sendOffsets({ group: consumer.groupMetadata(), offsets: offsets.map(toTopicPartition) })
          return undefined
        })
      } catch {
        included = false
      }
      const commits = included && process.chance(0.85)
      // What was not committed must be read again: by a new life of this process, from where the group stands.
      if (!(await endTransaction(process, producer, name, commits))) return
    }
  } finally {
    await producer.close().catch(() => undefined)
    await consumer.close().catch(() => undefined)
  }
}

/** Reads everything, on its own, with records of open transactions or without. */
export async function runReader(
  process: ClientProcess,
  isolation: 'read_committed' | 'read_uncommitted',
): Promise<void> {
  const { client, world } = process
  const consumer = client.consumer({ isolation, autoOffsetReset: 'earliest', maxWaitMs: 400 })
  const all = [logTopic, outTopic].flatMap((topic) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  )
  consumer.assign(all)
  world.recorder.note(process.name, { kind: 'assign', partitions: all.map(nameOf) })
  try {
    while (world.running && !process.isDead) {
      await process.call({ kind: 'poll', isolation }, async () => resultOf(await consumer.poll({ timeoutMs: 100 })))
      if (process.chance(0.3)) await process.pause(100)
    }
  } finally {
    await consumer.close().catch(() => undefined)
  }
}

/** Asks where groups stand. */
export async function runWatcher(process: ClientProcess, groups: readonly string[]): Promise<void> {
  while (process.world.running && !process.isDead) {
    for (const group of groups) await readOffsets(process, group).catch(() => undefined)
    await process.pause(300)
  }
}

export async function readOffsets(process: ClientProcess, group: string): Promise<void> {
  await process.call({ kind: 'readOffsets', group }, async () => {
    const committed = await process.client.admin.committedOffsets(group)
    return { offsets: committed.map((one) => ({ partition: nameOf(one), offset: one.offset })) }
  })
}
