import { cooperativeStickyAssignor } from './group/cooperative-sticky-assignor.ts'
import { rangeAssignor } from './group/range-assignor.ts'
import type { ConsumerOptions, ConsumerSettings } from './types.ts'

export function consumerSettings(options: ConsumerOptions): ConsumerSettings {
  const { groupId, groupInstanceId } = options
  return {
    groupId,
    groupInstanceId,
    isolation: options.isolation ?? 'read_committed',
    autoOffsetReset: options.autoOffsetReset ?? 'earliest',
    sessionTimeoutMs: options.sessionTimeoutMs ?? 45_000,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 3_000,
    rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 300_000,
    assignors: options.assignors ?? [rangeAssignor, cooperativeStickyAssignor],
    maxBytes: options.maxBytes ?? 16 * 1024 * 1024,
    maxPartitionBytes: options.maxPartitionBytes ?? 1024 * 1024,
    minBytes: options.minBytes ?? 1,
    maxWaitMs: options.maxWaitMs ?? 500,
    bufferBytes: options.bufferBytes ?? 32 * 1024 * 1024,
    checkCrcs: options.checkCrcs ?? true,
  }
}
