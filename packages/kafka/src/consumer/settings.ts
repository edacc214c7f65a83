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
    groupProtocol: { oneOf: ['classic', 'consumer'] },
    serverAssignor: 'string',
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
  const { groupId, groupInstanceId, groupProtocol = 'classic', serverAssignor } = options
  checkProtocol(options, groupProtocol)
  return {
    groupId,
    groupInstanceId,
    groupProtocol,
    serverAssignor,
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

/** What the other protocol's members say would be ignored in silence. */
function checkProtocol(options: ConsumerOptions, groupProtocol: 'classic' | 'consumer'): void {
  const ofClassic = ['sessionTimeoutMs', 'heartbeatIntervalMs', 'assignors'] as const
  const ignored = groupProtocol === 'consumer' ? ofClassic : (['serverAssignor'] as const)
  const given = ignored.find((name) => options[name] !== undefined)
  if (given === undefined) return
  throw new TypeError(`consumer: ${given} has no meaning with groupProtocol '${groupProtocol}'`)
}
