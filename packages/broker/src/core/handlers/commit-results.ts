import { ErrorCode } from '@millrace/protocol'

interface PartitionResult {
  readonly partitionIndex: number
  errorCode: number
}

interface TopicResult {
  readonly partitions: readonly PartitionResult[]
}

/** What may not be written or does not exist is answered before the coordinator is asked; it decides about the rest. */
function isOpen({ errorCode }: PartitionResult): boolean {
  return errorCode === ErrorCode.NONE || errorCode === ErrorCode.OFFSET_METADATA_TOO_LARGE
}

/** Whether there is anything in a commit for the group's coordinator to decide. */
export function hasOpenResults(topics: readonly TopicResult[]): boolean {
  return topics.some(({ partitions }) => partitions.some(isOpen))
}

/** What the coordinator says goes for the partitions that it was asked about. */
export function decideResults(topics: readonly TopicResult[], errorCode: number): void {
  if (errorCode === ErrorCode.NONE) return
  for (const { partitions } of topics) {
    for (const partition of partitions) if (isOpen(partition)) partition.errorCode = errorCode
  }
}
