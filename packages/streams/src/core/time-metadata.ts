import { asBuffer, readMillis, writeMillis } from './stores/bytes.ts'

const version = 2

/**
 * What is committed beside an offset, as Kafka Streams' TopicPartitionMetadata: the time that the partition has reached
 * and those that operators have seen, so that records that were late before a restart are late after it.
 */
export function encodeTimes(partitionTime: number, observed: ReadonlyMap<string, number>): string {
  const parts: Buffer[] = [Buffer.alloc(9)]
  parts[0]!.writeInt8(version, 0)
  writeMillis(parts[0]!, partitionTime, 1)
  if (observed.size > 0) parts.push(int32(observed.size))
  for (const [name, time] of observed) {
    const key = Buffer.from(name)
    const value = Buffer.alloc(8)
    writeMillis(value, time, 0)
    parts.push(int32(key.length), key, value)
  }
  return Buffer.concat(parts).toString('base64')
}

/** Metadata of another application or version says nothing: times then begin anew. */
export function decodeTimes(metadata: string): { partitionTime: number; observed: Map<string, number> } {
  const observed = new Map<string, number>()
  const nothing = { partitionTime: -1, observed }
  const buffer = asBuffer(Buffer.from(metadata, 'base64'))
  if (buffer.length < 9 || (buffer[0] !== 1 && buffer[0] !== version)) return nothing
  const partitionTime = readMillis(buffer, 1)
  let at = 9
  if (buffer.length < at + 4) return { partitionTime, observed }
  const count = buffer.readInt32BE(at)
  at += 4
  for (let index = 0; index < count; index++) {
    if (buffer.length < at + 4) return { partitionTime, observed }
    const length = buffer.readInt32BE(at)
    if (length < 0 || buffer.length < at + 4 + length + 8) return { partitionTime, observed }
    const name = buffer.toString('utf8', at + 4, at + 4 + length)
    observed.set(name, readMillis(buffer, at + 4 + length))
    at += 4 + length + 8
  }
  return { partitionTime, observed }
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
