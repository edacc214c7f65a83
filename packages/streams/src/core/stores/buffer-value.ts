import type { Header } from '@millrace/protocol'
import type { RecordContext } from '../record-context.ts'
import { asBuffer, readMillis, writeMillis } from './bytes.ts'

/** A held-back change as bytes; null where there is no value. */
export interface BufferValue {
  readonly context: RecordContext
  /** What was there before the key was held back. */
  readonly prior: Uint8Array | null
  readonly old: Uint8Array | null
  readonly value: Uint8Array | null
  /** What it waits for; infinite where that never comes. */
  readonly time: number
}

/** Version of the layout, in a header of every changelog record: since Kafka Streams 2.6. */
export const bufferVersion = 3
export const bufferVersionHeader = 'v'

const noValue = -1
const sameAsPrior = -2
/** Java's greatest long stands for a time that never comes. */
const neverHigh = 0x7fff_ffff

/**
 * As Kafka Streams' BufferValue: the record's context (ProcessorRecordContext: timestamp, offset, topic, partition,
 * headers), prior, old and new value, each behind its length, and the time.
 */
export function encodeBufferValue(given: BufferValue): Buffer {
  const { context, prior, old, value, time } = given
  const topic = Buffer.from(context.topic)
  const front = Buffer.allocUnsafe(20)
  writeMillis(front, context.timestamp, 0)
  writeMillis(front, context.offset, 8)
  front.writeInt32BE(topic.length, 16)
  const parts: Uint8Array[] = [front, topic, int32(context.partition), int32(context.headers.length)]
  for (const header of context.headers) {
    const key = Buffer.from(header.key)
    parts.push(int32(key.length), key)
    pushValue(parts, header.value)
  }
  pushValue(parts, prior)
  if (old !== null && prior !== null && Buffer.compare(old, prior) === 0) parts.push(int32(sameAsPrior))
  else pushValue(parts, old)
  pushValue(parts, value)
  const end = Buffer.allocUnsafe(8)
  if (Number.isFinite(time)) writeMillis(end, time, 0)
  else end.fill(0xff).writeInt32BE(neverHigh, 0)
  parts.push(end)
  return Buffer.concat(parts)
}

export function decodeBufferValue(bytes: Uint8Array): BufferValue {
  const buffer = asBuffer(bytes)
  let at = 0
  const int = (): number => {
    at += 4
    return buffer.readInt32BE(at - 4)
  }
  const millis = (): number => {
    at += 8
    return readMillis(buffer, at - 8)
  }
  const take = (length: number): Buffer | null => {
    if (length < 0) return null
    at += length
    return buffer.subarray(at - length, at)
  }
  const timestamp = millis()
  const offset = millis()
  const topic = take(int())?.toString() ?? ''
  const partition = int()
  const headers: Header[] = []
  for (let left = int(); left > 0; left--) {
    const key = take(int())?.toString() ?? ''
    headers.push({ key, value: take(int()) })
  }
  const prior = take(int())
  const oldLength = int()
  const old = oldLength === sameAsPrior ? prior : take(oldLength)
  const value = take(int())
  const time = millis()
  const isNever = time > Number.MAX_SAFE_INTEGER
  const context = { timestamp, offset, topic, partition, headers }
  return { context, prior, old, value, time: isNever ? Number.POSITIVE_INFINITY : time }
}

/** What it counts against `maxBytes`, as Kafka Streams counts it. */
export function bufferedSize(keyLength: number, { context, prior, old, value }: Omit<BufferValue, 'time'>): number {
  const isSame = old !== null && prior !== null && Buffer.compare(old, prior) === 0
  let size = 8 + keyLength + 20 + context.topic.length
  for (const header of context.headers) size += header.key.length + (header.value?.length ?? 0)
  return size + (prior?.length ?? 0) + (old === null || isSame ? 0 : old.length) + (value?.length ?? 0)
}

function pushValue(parts: Uint8Array[], value: Uint8Array | null): void {
  if (value === null) parts.push(int32(noValue))
  else parts.push(int32(value.length), value)
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}
