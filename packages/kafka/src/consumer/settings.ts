import { checkOptions } from '@millrace/base/internal'
import { cooperativeStickyAssignor } from './group/cooperative-sticky-assignor.ts'
import { rangeAssignor } from './group/range-assignor.ts'
import type { ConsumerOptions, ConsumerSettings } from './types.ts'

export function consumerSettings(options: ConsumerOptions): ConsumerSettings {
  const duration = { min: 1 }
  const bytes = { min: 1, max: 0x7fffffff, integer: true }
  checkOptions('consumer', options, {
    groupId: 'string',
    groupInstanceId: 'string',
    isolation: { oneOf: ['read_committed', 'read_uncommitted'] },
    autoOffsetReset: { oneOf: ['earliest', 'latest', 'fail'] },
    sessionTimeoutMs: duration,
    heartbeatIntervalMs: duration,
    rebalanceTimeoutMs: duration,
    assignors: 'array',
    maxBytes: bytes,
    maxPartitionBytes: bytes,
    minBytes: bytes,
    maxWaitMs: { min: 0 },
    bufferBytes: bytes,
    checkCrcs: 'boolean',
  })
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
