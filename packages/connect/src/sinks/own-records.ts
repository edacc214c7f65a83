import { isForAnother, redriveApplicationHeader } from '@millrace/base/internal'
import type { RecordDecoder } from './record-decoder.ts'

const marker = Buffer.from(redriveApplicationHeader)

/**
 * Leaves out records that came back from the dead letters of another application: this one has had them. Bytes that a
 * fetch brought are searched once for such a record; where there is none, and nearly always there is none, a record costs
 * a comparison.
 */
export function ownRecords(decoder: RecordDecoder, application: string): RecordDecoder {
  let searched: Buffer | undefined
  let hasAny = false
  return {
    decode(cursor, partition) {
      if (cursor.buffer !== searched) {
        searched = cursor.buffer
        hasAny = searched.includes(marker)
      }
      if (hasAny && isForAnother(cursor.headers(), partition.topic, application)) return undefined
      return decoder.decode(cursor, partition)
    },
  }
}
