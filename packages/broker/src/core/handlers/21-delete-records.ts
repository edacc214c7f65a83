import { apis, ErrorCode } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { onlyOnce, topicsOnce } from '../only-once.ts'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { isInternalTopic } from '../topics/topic.ts'

const toHighWatermark = -1

/** DeleteRecords (21), v0 to v2: moves the log start; topics that are only compacted refuse, as in Kafka. */
export const deleteRecords = handler({
  api: apis.DeleteRecords,
  versions: [0, 2],
  kips: [107, 482],
  handle(request, { core, may }) {
    const topics = topicsOnce(request.topics, ({ name }) => name, 'partitions').map(({ name, partitions }) => ({
      name,
      partitions: onlyOnce(partitions, (one) => one.partitionIndex).map(({ partitionIndex, offset }) => ({
        partitionIndex,
        ...(may(AclOperation.DELETE, ResourceType.TOPIC, name)
          ? deleteBefore(core, name, partitionIndex, offset)
          : { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, lowWatermark: -1 }),
      })),
    }))
    return { topics }
  },
})

function deleteBefore(
  core: BrokerCore,
  topic: string,
  index: number,
  wanted: number,
): { errorCode: number; lowWatermark: number } {
  const failed = (errorCode: number): { errorCode: number; lowWatermark: number } => ({ errorCode, lowWatermark: -1 })
  const partition = core.partition(topic, index)
  if (!partition) return failed(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (isInternalTopic(topic)) return failed(ErrorCode.INVALID_TOPIC_EXCEPTION)
  if (partition.config.compact && !partition.config.deletes) return failed(ErrorCode.POLICY_VIOLATION)
  const offset = wanted === toHighWatermark ? partition.highWatermark : wanted
  if (offset < 0 || offset > partition.highWatermark) return failed(ErrorCode.OFFSET_OUT_OF_RANGE)
  try {
    partition.advanceLogStart(offset)
  } catch {
    return failed(ErrorCode.KAFKA_STORAGE_ERROR)
  }
  return { errorCode: ErrorCode.NONE, lowWatermark: partition.logStartOffset }
}
