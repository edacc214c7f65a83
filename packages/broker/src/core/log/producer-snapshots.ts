import type { Clock } from '@millrace/base'
import { crc32c, RecordBatchView } from '@millrace/protocol'
import type { ProducerState, ProducerStateFactory } from '../producers/types.ts'
import type { BrokerStorage } from '../storage/storage.ts'
import { type EpochEntry, LeaderEpochs } from './leader-epochs.ts'
import type { PartitionLog } from './partition-log.ts'
import { type Segment, segmentName } from './segment.ts'

/** What is known of a log besides its bytes, and follows from them. */
export interface DerivedState {
  readonly producers: ProducerState
  readonly epochs: LeaderEpochs
}

const crcBytes = 4
const countBytes = 4
/** int32 epoch, float64 first offset. */
const epochBytes = 12

function snapshotPath(log: PartitionLog, segment: Segment): string {
  return `${log.folder}/${segmentName(segment.baseOffset)}.producers`
}

/** Notes what was known of producers and epochs when the active segment began, so that recovery reads on from there. */
export function writeSnapshot(storage: BrokerStorage, log: PartitionLog, { producers, epochs }: DerivedState): void {
  const body = Buffer.concat([encodeEpochs(epochs.entries), producers.snapshot()])
  const crc = Buffer.allocUnsafe(crcBytes)
  crc.writeUInt32BE(crc32c(body))
  try {
    const file = storage.open(snapshotPath(log, log.active!))
    file.truncate(0)
    file.append(Buffer.concat([crc, body]))
    file.close()
  } catch {
    // Derived: without it recovery reads from an earlier snapshot.
  }
}

/** Derives producers and epochs from the log: from the newest readable snapshot on, or from the log start. */
export function deriveState(
  environment: { clock: Clock; storage: BrokerStorage; producerStates: ProducerStateFactory },
  log: PartitionLog,
  logStartOffset: number,
): DerivedState {
  const { clock, storage, producerStates } = environment
  let known: DerivedState | undefined
  let from = logStartOffset
  for (let index = log.segments.length - 1; index >= 0 && !known; index--) {
    const segment = log.segments[index]!
    known = readSnapshot(storage, snapshotPath(log, segment), producerStates)
    if (known) from = Math.max(from, segment.baseOffset)
  }
  const { producers, epochs } = known ?? { producers: producerStates.create(), epochs: new LeaderEpochs() }
  const nowMs = clock.now()
  log.walk(from, (bytes, at) => {
    const batch = new RecordBatchView(bytes, at)
    epochs.assign(batch.leaderEpoch, batch.baseOffset)
    if (batch.producerId >= 0) producers.append(batch, nowMs)
    return true
  })
  producers.deleteBefore(logStartOffset)
  producers.keepAborted(({ producerId, lastOffset }) => hasMarker(log, producerId, lastOffset))
  epochs.deleteBefore(logStartOffset)
  return { producers, epochs }
}

/**
 * Whether the marker that ended a transaction is still there. A snapshot may be older than the compaction that removed the
 * transaction: a reader told of it would wait for its marker and skip what the producer wrote afterwards.
 */
function hasMarker(log: PartitionLog, producerId: number, offset: number): boolean {
  let found = false
  log.walk(offset, (bytes, at) => {
    const batch = new RecordBatchView(bytes, at)
    found = batch.isControl && batch.producerId === producerId && batch.baseOffset === offset
    return false
  })
  return found
}

function readSnapshot(storage: BrokerStorage, path: string, factory: ProducerStateFactory): DerivedState | undefined {
  const bytes = storage.readFile(path)
  if (!bytes || bytes.length < crcBytes + countBytes) return undefined
  const body = bytes.subarray(crcBytes)
  if (crc32c(body) !== bytes.readUInt32BE(0)) return undefined
  try {
    const entries = decodeEpochs(body)
    const producers = factory.restore(body.subarray(countBytes + entries.length * epochBytes))
    return { producers, epochs: new LeaderEpochs(entries) }
  } catch {
    return undefined
  }
}

function encodeEpochs(entries: readonly EpochEntry[]): Buffer {
  const bytes = Buffer.allocUnsafe(countBytes + entries.length * epochBytes)
  bytes.writeUInt32BE(entries.length)
  for (const [index, [epoch, startOffset]] of entries.entries()) {
    const at = countBytes + index * epochBytes
    bytes.writeInt32BE(epoch, at)
    bytes.writeDoubleBE(startOffset, at + 4)
  }
  return bytes
}

/** Throws RangeError where there are fewer bytes than the count says. */
function decodeEpochs(bytes: Buffer): EpochEntry[] {
  const count = bytes.readUInt32BE(0)
  if (bytes.length < countBytes + count * epochBytes) throw new RangeError('leader epochs are cut off')
  return Array.from({ length: count }, (_, index) => {
    const at = countBytes + index * epochBytes
    return [bytes.readInt32BE(at), bytes.readDoubleBE(at + 4)] as const
  })
}
