import { ErrorCode } from '@millrace/protocol'
import type { Partition } from '../partition.ts'

/** Whether the epoch a client believes in is the partition's (KIP-320); -1 does not say. */
export function epochProblem(partition: Partition, currentLeaderEpoch: number): number {
  if (currentLeaderEpoch < 0 || currentLeaderEpoch === partition.leaderEpoch) return ErrorCode.NONE
  return currentLeaderEpoch < partition.leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH
}
