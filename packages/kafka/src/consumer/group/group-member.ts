import { ErrorCode } from '@millrace/protocol'
import { errorCodeOf, kafkaError } from '../../errors.ts'
import type { GroupMetadata } from '../../producer/types.ts'
import type { Assignment } from '../assignment.ts'
import type { GroupOperation, RebalanceListener } from '../types.ts'

/** What a membership works with, whichever protocol it speaks. */
export interface GroupParts {
  readonly groupId: string
  readonly topics: readonly string[]
  readonly listener: RebalanceListener
  readonly assignment: Assignment
  readonly purpose: string
  /** Wakes the poll that waits. */
  readonly changed: () => void
}

/** A consumer's place in its group. */
export interface GroupMember {
  readonly metadata: GroupMetadata
  /** See `Consumer.heldUntilMs`. */
  readonly heldUntilMs?: number | undefined
  /** What poll does for the group: gives up what is lost, joins, takes over assignments. Awaits callbacks, not the broker. */
  step(): Promise<void>
  /** Makes the next poll join again, where members assign. */
  requestRejoin(reason: string): void
  /** Judges what a commit was answered; the group may have moved on. */
  commitFailed(error: unknown): void
  close(operation: GroupOperation): Promise<void>
}

/** What ends a membership: the error itself, or that another process has the same `groupInstanceId` (KIP-345). */
export function failureOf(error: unknown, groupInstanceId: string | undefined): unknown {
  const errorCode = errorCodeOf(error)
  const fenced = errorCode === ErrorCode.FENCED_INSTANCE_ID || errorCode === ErrorCode.UNRELEASED_INSTANCE_ID
  const message = `another member uses group instance id ${groupInstanceId}`
  return fenced ? kafkaError('KAFKA_FENCED', message, { groupInstanceId }, error) : error
}
