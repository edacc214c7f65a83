import type { Clock } from '@millrace/base'
import { crc32c, RecordBatchView } from '@millrace/protocol'
import type { ProducerState, ProducerStateFactory } from '../producers/types.ts'
import type { BrokerStorage } from '../storage/storage.ts'
import type { PartitionLog } from './partition-log.ts'
import { type Segment, segmentName } from './segment.ts'

const crcBytes = 4

function snapshotPath(log: PartitionLog, segment: Segment): string {
  return `${log.folder}/${segmentName(segment.baseOffset)}.producers`
}

/** Notes what was known of producers when the active segment began, so that recovery reads on from there. */
export function writeProducerSnapshot(storage: BrokerStorage, log: PartitionLog, producers: ProducerState): void {
  const body = producers.snapshot()
  const bytes = Buffer.allocUnsafe(crcBytes + body.length)
  bytes.writeUInt32BE(crc32c(body), 0)
  body.copy(bytes, crcBytes)
  try {
    const file = storage.open(snapshotPath(log, log.active!))
    file.truncate(0)
    file.append(bytes)
    file.close()
  } catch {
    // Derived: without it recovery reads from an earlier snapshot.
  }
}

/** Derives the producers from the log: from the newest readable snapshot on, or from the log start. */
export function recoverProducers(
  environment: { clock: Clock; storage: BrokerStorage; producerStates: ProducerStateFactory },
  log: PartitionLog,
  logStartOffset: number,
): ProducerState {
  const { clock, storage, producerStates } = environment
  let producers: ProducerState | undefined
  let from = logStartOffset
  for (let index = log.segments.length - 1; index >= 0 && !producers; index--) {
    const segment = log.segments[index]!
    producers = readSnapshot(storage, snapshotPath(log, segment), producerStates)
    if (producers) from = Math.max(from, segment.baseOffset)
  }
  const recovered = producers ?? producerStates.create()
  const nowMs = clock.now()
  log.walk(from, (bytes, at) => {
    const batch = new RecordBatchView(bytes, at)
    if (batch.producerId >= 0) recovered.append(batch, nowMs)
    return true
  })
  recovered.deleteBefore(logStartOffset)
  return recovered
}

function readSnapshot(storage: BrokerStorage, path: string, factory: ProducerStateFactory): ProducerState | undefined {
  const bytes = storage.readFile(path)
  if (!bytes || bytes.length < crcBytes) return undefined
  const body = bytes.subarray(crcBytes)
  if (crc32c(body) !== bytes.readUInt32BE(0)) return undefined
  try {
    return factory.restore(body)
  } catch {
    return undefined
  }
}
