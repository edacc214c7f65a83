import type { Serde } from '@millrace/contracts'
import { asBuffer, readMillis, writeMillis } from '../stores/bytes.ts'
import type { Windowed, Windows } from '../windows/windows.ts'

/** A serde of windowed keys; records are placed on partitions by `inner` alone, so that windows of a key stay together. */
export interface WindowedSerde<K> extends Serde<Windowed<K>> {
  readonly inner: Serde<K, never>
}

/**
 * Windowed keys in topics, as Kafka Streams' TimeWindowedSerde: the key's bytes and the start of the window. The end
 * follows from `windows`.
 *
 * @example
 * const perMinute = topic('per-minute', { key: windowedSerde(serdes.string, minutes), value: serdes.json<number>() })
 */
export function windowedSerde<K>(inner: Serde<K, never>, windows: Windows): WindowedSerde<K> {
  return {
    name: `windowed(${inner.name})`,
    inner,
    serialize({ key, window }) {
      const keyBytes = (inner as Serde<K>).serialize(key)
      const bytes = Buffer.allocUnsafe(keyBytes.length + 8)
      bytes.set(keyBytes)
      writeMillis(bytes, window.start, keyBytes.length)
      return bytes
    },
    deserialize(bytes) {
      const buffer = asBuffer(bytes)
      const start = readMillis(buffer, buffer.length - 8)
      return { key: inner.deserialize(buffer.subarray(0, -8)), window: { start, end: windows.endOf(start) } }
    },
  }
}

export function isWindowedSerde(
  serde: Serde<unknown, unknown>,
): serde is WindowedSerde<unknown> & Serde<unknown, unknown> {
  return 'inner' in serde
}
