import type { RecordBatchView, RecordCursor } from '@millrace/protocol'
import type { ByteStore, ByteWrite } from './byte-store.ts'
import { timestampBytes, writeMillis } from './bytes.ts'
import { isKeyOfSession, sessionEndOf } from './session-key.ts'
import type { RestoreOptions } from './task-store.ts'
import { joined } from './value-headers.ts'
import { isKeyOfWindow, windowStartOf } from './window-key.ts'

export interface RestoreProgress {
  records: number
  /** Greatest start of a window among them, or end of a session. */
  latestStart: number
}

type RestoreKind = 'keyValue' | 'window' | 'session'

interface RestoreForm {
  /** Where restoring ends, exclusive. */
  readonly before?: number | undefined
  /** Whether the store keeps the headers of its records beside the values. */
  readonly hasHeaders?: boolean | undefined
  /** Records that are to be restored; all unless given. */
  readonly takes?: ((record: RecordCursor, key: Uint8Array) => boolean) | undefined
}

/** A record of a changelog that was written for a store of another kind. */
export class ForeignKey extends Error {
  override readonly name = 'ForeignKey'

  constructor(kind: RestoreKind, offset: number) {
    super(`the record at offset ${offset} has no key of a ${kind}`)
  }
}

/** What restores a store gives, see `RestoreOptions.through`. */
export interface RestoreSink extends Pick<ByteStore, 'apply'> {
  /** Takes the record in hand as it stands in a plain store; the checkpoint comes with `apply`. */
  addRecord?(record: RecordCursor): void
}

/** Hands changelog records on as writes to a timestamped store, see `restoreWrites`. */
export function restoreInto(
  committed: ByteStore,
  batches: Iterable<RecordBatchView>,
  { firstOffset, nextOffset, before, through }: RestoreOptions,
  kind: RestoreKind,
  progress: RestoreProgress,
  form: RestoreForm = {},
): void {
  const sink: RestoreSink = through?.(committed) ?? committed
  const isPlain = kind === 'keyValue' && !form.hasHeaders && form.takes === undefined
  if (isPlain && sink.addRecord !== undefined) {
    addRecords(sink as Required<RestoreSink>, batches, firstOffset, before ?? Number.POSITIVE_INFINITY, progress)
    sink.apply([], nextOffset)
  } else sink.apply(restoreWrites(batches, firstOffset, kind, progress, { ...form, before }), nextOffset)
}

/** What most changelogs hold, with no object for a record. */
function addRecords(
  into: Required<RestoreSink>,
  batches: Iterable<RecordBatchView>,
  firstOffset: number,
  before: number,
  progress: RestoreProgress,
): void {
  for (const batch of batches) {
    const cursor = batch.cursor()
    while (cursor.next()) {
      const { offset } = cursor
      if (offset < firstOffset || offset >= before || cursor.keyLength < 0) continue
      progress.records++
      into.addRecord(cursor)
    }
  }
}

/**
 * Changelog records as writes to a timestamped store, whose values carry the record's timestamp in front. One buffer
 * is reused for all values: a byte store copies before it takes the next one.
 */
function* restoreWrites(
  batches: Iterable<RecordBatchView>,
  firstOffset: number,
  kind: RestoreKind,
  progress: RestoreProgress,
  { before = Number.POSITIVE_INFINITY, hasHeaders = false, takes }: RestoreForm = {},
): Generator<ByteWrite> {
  let scratch = Buffer.allocUnsafe(1024)
  for (const batch of batches) {
    const cursor = batch.cursor()
    while (cursor.next()) {
      if (cursor.offset < firstOffset || cursor.offset >= before) continue
      const key = cursor.keyBytes()
      if (key === null) continue
      if (kind === 'window' && !isKeyOfWindow(key)) throw new ForeignKey(kind, cursor.offset)
      if (kind === 'session' && !isKeyOfSession(key)) throw new ForeignKey(kind, cursor.offset)
      if (takes !== undefined && !takes(cursor, key)) continue
      progress.records++
      if (kind === 'window') progress.latestStart = Math.max(progress.latestStart, windowStartOf(key))
      if (kind === 'session') progress.latestStart = Math.max(progress.latestStart, sessionEndOf(key))
      const plain = cursor.valueBytes()
      if (plain === null) {
        yield { key, value: undefined }
        continue
      }
      const value = hasHeaders ? joined(cursor.headers(), plain) : plain
      const length = timestampBytes + value.length
      if (length > scratch.length) scratch = Buffer.allocUnsafe(length * 2)
      writeMillis(scratch, cursor.timestamp, 0)
      scratch.set(value, timestampBytes)
      yield { key, value: scratch.subarray(0, length) }
    }
  }
}
