import type { StreamTask, TaskOffset } from '../core/task.ts'
import { type TaskId, taskIdText } from '../core/topology/plan.ts'
import type { TopicPartition } from './assignment/tasks.ts'
import type { PlantedFaults } from './config.ts'

/**
 * - `assigned`: ours, but not yet known where it stands; nothing of it may run;
 * - `restoring`: its stores catch up with their changelogs;
 * - `running`;
 * - `suspended`: given up and committed; its stores are about to be closed, or to go on as a standby's.
 */
export type TaskPhase = 'assigned' | 'restoring' | 'running' | 'suspended'

/** A task and what the runtime knows about it. */
export interface ActiveTask {
  readonly id: TaskId
  readonly text: string
  readonly task: StreamTask
  readonly inputs: readonly TopicPartition[]
  phase: TaskPhase
  /** Whether it has caught up with its changelogs since it was opened, and has followed them itself since. */
  isComplete: boolean
  /** Whether offsets of its inputs were committed by it or a predecessor. */
  hasProgress: boolean
  /** By `topic/partition`: end of the input as last heard, and what was committed of it. */
  readonly ends: Map<string, number>
  readonly committed: Map<string, number>
  /** By `topic/partition`: what was committed beside the offset. */
  readonly metadata: Map<string, string>
  /** By `topic/partition`: where the next fetch is to begin. */
  readonly positions: Map<string, number>
  /** Inputs whose fetching is paused because enough is buffered. */
  readonly paused: Set<string>
}

export function activeTask(task: StreamTask, inputs: readonly TopicPartition[]): ActiveTask {
  return {
    id: task.id,
    text: taskIdText(task.id),
    task,
    inputs,
    phase: 'assigned',
    isComplete: false,
    hasProgress: false,
    ends: new Map(),
    committed: new Map(),
    metadata: new Map(),
    positions: new Map(),
    paused: new Set(),
  }
}

/**
 * What a task commits. One that has only written, by punctuation perhaps, names an offset that has not moved: by the
 * generation in which offsets are committed the coordinator tells a zombie from the owner (KIP-447), and a transaction
 * without offsets is nobody's to refuse.
 */
export function offsetsToCommit(
  { task, inputs: [first], committed, metadata }: ActiveTask,
  { outputUnfenced }: PlantedFaults,
): readonly TaskOffset[] {
  const moved = task.consumedOffsets()
  if (moved.length > 0 || !first || outputUnfenced) return moved
  const name = partitionText(first)
  return [{ ...first, offset: committed.get(name) ?? 0, metadata: metadata.get(name) ?? '' }]
}

export function partitionText({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
