import { redrivenForAnother } from '@millrace/base/internal'
import type { RecordDecoder } from './record-decoder.ts'

/** Leaves out records that came back from the dead letters of another application: this one has had them. */
export function ownRecords(decoder: RecordDecoder, application: string): RecordDecoder {
  const isForAnother = redrivenForAnother(application)
  return {
    decode: (cursor, partition) =>
      isForAnother(cursor, partition.topic) ? undefined : decoder.decode(cursor, partition),
  }
}
