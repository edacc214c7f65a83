import { apis, ErrorCode, type ListOffsetsResponse, type MessageInput } from '@millrace/protocol'
import type { Isolation, Partition } from '../partition.ts'
import { handler } from '../request.ts'
import { epochProblem } from './leader-epoch.ts'

type Answer = MessageInput<ListOffsetsResponse['topics'][number]['partitions'][number]>

const latest = -1
const earliest = -2
const maxTimestamp = -3
const earliestLocal = -4
const latestTiered = -5

/**
 * ListOffsets (2), v1 to v11: latest, earliest, the record with the greatest timestamp (KIP-734), the first record at or after a
 * time, by isolation. Without tiered storage the earliest local offset is the earliest, and the latest tiered one is unknown.
 */
export const listOffsets = handler({
  api: apis.ListOffsets,
  versions: [1, 11],
  handle(request, { core, apiVersion }) {
    const isolation: Isolation = request.isolationLevel === 1 ? 'read_committed' : 'read_uncommitted'
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, timestamp, currentLeaderEpoch }): Answer => {
        const partition = core.partition(name, partitionIndex)
        const problem = partition ? epochProblem(partition, currentLeaderEpoch) : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if (!partition || problem !== ErrorCode.NONE) {
          return { partitionIndex, errorCode: problem, timestamp: -1, offset: -1 }
        }
        const found = find(partition, timestamp, isolation)
        const told = apiVersion >= 4 && found.offset >= 0
        return {
          partitionIndex,
          errorCode: ErrorCode.NONE,
          ...found,
          ...(told && { leaderEpoch: partition.leaderEpoch }),
        }
      }),
    }))
    return { topics }
  },
})

function find(partition: Partition, timestamp: number, isolation: Isolation): { offset: number; timestamp: number } {
  switch (timestamp) {
    case latest:
      return { offset: partition.readableEnd(isolation), timestamp: -1 }
    case earliest:
    case earliestLocal:
      return { offset: partition.logStartOffset, timestamp: -1 }
    case latestTiered:
      return { offset: -1, timestamp: -1 }
    default: {
      const wanted = timestamp === maxTimestamp ? partition.log.maxTimestampMs : timestamp
      const found = wanted < 0 ? undefined : partition.offsetForTime(wanted, isolation)
      return found ? { offset: found.offset, timestamp: found.timestampMs } : { offset: -1, timestamp: -1 }
    }
  }
}
