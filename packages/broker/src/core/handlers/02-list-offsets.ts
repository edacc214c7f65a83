import {
  apis,
  ErrorCode,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  type MessageInput,
} from '@millrace/protocol'
import { onlyOnce, repeated, topicsOnce } from '../only-once.ts'
import type { Isolation, Partition } from '../partition.ts'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

type Asked = ListOffsetsRequest['topics'][number]['partitions'][number]
type Answer = MessageInput<ListOffsetsResponse['topics'][number]['partitions'][number]>

const latest = -1
const earliest = -2
const maxTimestamp = -3
const earliestLocal = -4
const latestTiered = -5
const earliestPendingUpload = -6

/** From which version on a client may ask for what is no time. */
const firstVersionOf: Readonly<Record<number, number>> = {
  [latest]: 1,
  [earliest]: 1,
  [maxTimestamp]: 7,
  [earliestLocal]: 8,
  [latestTiered]: 9,
  [earliestPendingUpload]: 11,
}

interface Found {
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

const nothing: Found = { offset: -1, timestamp: -1, leaderEpoch: -1 }

/**
 * ListOffsets (2), v1 to v11: latest, earliest, the record with the greatest timestamp (KIP-734), the first record at or after a
 * time, by isolation, with the epoch that wrote it (KIP-320). Without tiered storage the earliest local offset is the earliest,
 * and nothing is tiered or waits for it (KIP-405, KIP-1005, KIP-1023).
 */
export const listOffsets = handler({
  api: apis.ListOffsets,
  versions: [1, 11],
  kips: [79, 98, 320, 482, 734, 1005, 1075],
  leftOut: 'Tiered storage: the earliest local offset is the earliest, and there is no remote one.',
  handle(request, { core, apiVersion, may }) {
    const isolation: Isolation = request.isolationLevel === 1 ? 'read_committed' : 'read_uncommitted'
    const topics = topicsOnce(request.topics, ({ name }) => name, 'partitions').map(({ name, partitions }) => ({
      name,
      partitions: eachAskedOnce(partitions, ({ partitionIndex, timestamp, currentLeaderEpoch }): Answer => {
        if (!may(AclOperation.DESCRIBE, ResourceType.TOPIC, name)) {
          return { partitionIndex, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, timestamp: -1, offset: -1 }
        }
        const partition = core.partition(name, partitionIndex)
        const problem = partition ? partition.epochProblem(currentLeaderEpoch) : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if (!partition || problem !== ErrorCode.NONE) {
          return { partitionIndex, errorCode: problem, timestamp: -1, offset: -1 }
        }
        if (timestamp < 0 && apiVersion < (firstVersionOf[timestamp] ?? Number.POSITIVE_INFINITY)) {
          return { partitionIndex, errorCode: ErrorCode.UNSUPPORTED_VERSION, timestamp: -1, offset: -1 }
        }
        try {
          const { leaderEpoch, ...found } = find(partition, timestamp, isolation)
          return { partitionIndex, errorCode: ErrorCode.NONE, ...found, ...(apiVersion >= 4 && { leaderEpoch }) }
        } catch (error) {
          // The index or the batches cannot be read.
          return { partitionIndex, errorCode: partition.report(error), timestamp: -1, offset: -1 }
        }
      }),
    }))
    return { topics }
  },
})

/** Which of the times asked about counts for a partition that is there more than once, nobody could tell: as in Kafka none. */
function eachAskedOnce(partitions: readonly Asked[], answer: (asked: Asked) => Answer): Answer[] {
  const twice = repeated(partitions.map(({ partitionIndex }) => partitionIndex))
  const refused = { errorCode: ErrorCode.INVALID_REQUEST, timestamp: -1, offset: -1 }
  return onlyOnce(partitions, ({ partitionIndex }) => partitionIndex).map((asked) =>
    twice.has(asked.partitionIndex) ? { partitionIndex: asked.partitionIndex, ...refused } : answer(asked),
  )
}

function find(partition: Partition, timestamp: number, isolation: Isolation): Found {
  switch (timestamp) {
    case latest:
      return { offset: partition.readableEnd(isolation), timestamp: -1, leaderEpoch: partition.leaderEpoch }
    case earliest:
    case earliestLocal:
      return {
        offset: partition.logStartOffset,
        timestamp: -1,
        leaderEpoch: partition.epochs.at(partition.logStartOffset),
      }
    case latestTiered:
    case earliestPendingUpload:
      return nothing
    default: {
      const wanted = timestamp === maxTimestamp ? partition.maxTimestampMs : timestamp
      const found = wanted < 0 ? undefined : partition.offsetForTime(wanted, isolation)
      return found ? { offset: found.offset, timestamp: found.timestampMs, leaderEpoch: found.leaderEpoch } : nothing
    }
  }
}
