import type { BrokerCore } from '@millrace/broker/internal'
import { apis, ErrorCode, RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import type { Machine } from '../simulation/machine.ts'
import type { Tamper } from '../simulation/network.ts'
import type { PlantedBug } from './bugs.ts'
import { answerRequests, every, rewriteRequests, rewriteResponses } from './rewriting.ts'

export const writeBugs: readonly PlantedBug[] = [
  {
    name: 'an append is dropped and acknowledged',
    found: 'lost-write',
    tamper: () => {
      const now = every(40)
      return answerRequests(apis.Produce, (body, { machine }) => {
        if (!now()) return undefined
        const responses = body.topicData.map(({ name, topicId, partitionData }) => {
          const answer = ({ index }: { index: number }) => ({ index, baseOffset: endOf(machine, topicId, name, index) })
          return { name, topicId, partitionResponses: partitionData.map(answer) }
        })
        return { responses }
      })
    },
  },
  { name: 'the device is not waited for', found: 'lost-write', durability: 'fsync', machine: { syncLies: true } },
  {
    name: 'a commit is taken for an abort',
    found: 'lost-write',
    tamper: () => rewriteRequests(apis.EndTxn, (body) => ({ ...body, committed: false })),
  },
  {
    name: 'repeated batches are not recognised',
    found: 'duplicate',
    machine: { started: (core) => forgetful(core, 'duplicates') },
  },
  {
    name: 'the epoch of a producer is not looked at',
    found: 'zombie-write',
    seeds: 40,
    machine: { started: (core) => forgetful(core, 'epochs') },
    // What a request says of an older epoch is made to say the newest.
    tamper: () =>
      rewriteRequests(apis.EndTxn, (body, { machine }) => {
        const all = [...(machine.core?.transactions.all() ?? [])]
        const known = all.find((one) => one.transactionalId === body.transactionalId)
        return known && { ...body, producerId: known.producerId, producerEpoch: known.producerEpoch }
      }),
  },
  {
    name: 'records of a batch are stored in reverse',
    found: 'wrong-order',
    tamper: () =>
      rewriteRequests(apis.Produce, (body) => ({
        ...body,
        topicData: body.topicData.map((topic) => ({
          ...topic,
          partitionData: topic.partitionData.map((one) => ({ ...one, records: one.records && reversed(one.records) })),
        })),
      })),
  },
  {
    name: 'a write is told an offset from before',
    found: 'nonmonotonic-send',
    tamper: () => {
      const now = every(25)
      return rewriteOffsets((baseOffset) => (now() ? Math.max(0, baseOffset - 6) : baseOffset))
    },
  },
  {
    name: 'every write is told the same offset',
    found: 'internal-nonmonotonic-send',
    tamper: () => rewriteOffsets(() => 1),
  },
  {
    name: 'a marker is dropped',
    found: 'hanging-transaction',
    machine: { started: dropMarkers },
  },
]

function endOf({ core }: Machine, topicId: string, name: string, index: number): number {
  const topic = core?.topics.topicById(topicId)?.name ?? name
  return core?.partition(topic, index)?.logEndOffset ?? 0
}

function rewriteOffsets(change: (baseOffset: number) => number): Tamper {
  return rewriteResponses(apis.Produce, (body) => ({
    ...body,
    responses: body.responses.map((topic) => ({
      ...topic,
      partitionResponses: topic.partitionResponses.map((one) => ({
        ...one,
        baseOffset: one.errorCode === 0 ? change(one.baseOffset) : -1,
      })),
    })),
  }))
}

function reversed(records: Buffer): Buffer {
  const batch = new RecordBatchView(records)
  const values: (Buffer | null)[] = []
  for (const cursor = batch.cursor(); cursor.next(); ) values.unshift(cursor.valueBytes())
  const builder = new RecordBatchBuilder()
  for (const value of values) builder.append(batch.maxTimestamp, null, value)
  const { producerId, producerEpoch, baseSequence, isTransactional: transactional } = batch
  return builder.build({ producerId, producerEpoch, baseSequence, transactional })
}

/** Does something to every partition of a broker, also to those that come later. */
function toPartitions(
  core: BrokerCore,
  change: (partition: NonNullable<ReturnType<BrokerCore['partition']>>) => void,
): void {
  const changed = new WeakSet<object>()
  const look = (): void => {
    for (const { partitions } of core.topics.all()) {
      for (const partition of partitions) {
        if (changed.has(partition)) continue
        changed.add(partition)
        change(partition)
      }
    }
    core.clock.after(10, look)
  }
  look()
}

/** Makes partitions forget what they know of producers. */
function forgetful(core: BrokerCore, what: 'duplicates' | 'epochs'): void {
  toPartitions(core, ({ producers }) => {
    const { check } = producers
    producers.check = (batch, origin) => {
      const found = check.call(producers, batch, origin)
      const isOldEpoch = found.kind === 'error' && found.code === ErrorCode.INVALID_PRODUCER_EPOCH
      const isForgotten = what === 'duplicates' ? found.kind === 'duplicate' : isOldEpoch
      return isForgotten ? { kind: 'ok' } : found
    }
  })
}

function dropMarkers(core: BrokerCore): void {
  const now = every(6)
  toPartitions(core, (partition) => {
    if (partition.topic.startsWith('__')) return
    const append = partition.append.bind(partition)
    partition.append = (records, origin) => {
      const isMarker = origin === 'coordinator' && new RecordBatchView(records).isControl
      if (!isMarker || !now()) return append(records, origin)
      const lastOffset = partition.logEndOffset - 1
      return { errorCode: 0, baseOffset: lastOffset, lastOffset, logAppendTimeMs: -1 }
    }
  })
}
