import { protocolError } from '../errors.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import type { RecordCursor } from './record-cursor.ts'

/** How a transaction ended; the codes are those of control records (KIP-98). */
export type ControlType = 'abort' | 'commit'

/**
 * The batch of one record that ends a transaction in a partition.
 *
 * @example
 * controlBatch({ type: 'commit', coordinatorEpoch: 0, producerId: 7, producerEpoch: 1, timestamp: clock.now() })
 */
export function controlBatch(options: {
  readonly type: ControlType
  readonly coordinatorEpoch: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly timestamp: number
  readonly baseOffset?: number
  readonly leaderEpoch?: number
}): Buffer {
  const { type, coordinatorEpoch, producerId, producerEpoch, timestamp, baseOffset = 0, leaderEpoch = -1 } = options
  const key = Buffer.alloc(4)
  key.writeInt16BE(type === 'commit' ? 1 : 0, 2)
  const value = Buffer.alloc(6)
  value.writeInt32BE(coordinatorEpoch, 2)
  const builder = new RecordBatchBuilder({ initialBytes: 96 })
  builder.append(timestamp, key, value)
  return builder.build({ producerId, producerEpoch, transactional: true, control: true, baseOffset, leaderEpoch })
}

/**
 * What the current record of a control batch says; undefined for types that do not end a transaction.
 * Throws PROTOCOL_MALFORMED when its key is no control record's.
 */
export function controlType(cursor: RecordCursor): ControlType | undefined {
  const key = cursor.keyBytes()
  if (key === null || key.length < 4) {
    throw protocolError('PROTOCOL_MALFORMED', 'a control record has no type', { offset: cursor.offset })
  }
  const code = key.readInt16BE(2)
  if (code === 0) return 'abort'
  return code === 1 ? 'commit' : undefined
}
