import type { JsonForm, Serde } from '@millrace/contracts'
import { contractError, keyFromText, keyToText } from '@millrace/contracts/internal'
import { asBuffer, readMillis, writeMillis } from '../stores/bytes.ts'
import { keyOfSessionKey, sessionEndOf, sessionKey, sessionStartOf, sessionSuffixBytes } from '../stores/session-key.ts'
import { aroundTopicSerde } from '../topology/topic-serdes.ts'
import type { SessionWindows } from '../windows/session-window.ts'
import type { SlidingWindows } from '../windows/sliding-window.ts'
import type { Windowed, Windows } from '../windows/windows.ts'

/** A serde of windowed keys; records are placed on partitions by `inner` alone, so that windows of a key stay together. */
export interface WindowedSerde<K> extends Serde<Windowed<K>> {
  readonly inner: Serde<K, never>
  /** Length of what stands behind the bytes of the key. */
  readonly suffixBytes: number
}

/**
 * Windowed keys in topics, as Kafka Streams' TimeWindowedSerde: the key's bytes and the start of the window, whose end
 * follows from `windows`. Sessions, whose lengths vary, as its SessionWindowedSerde: the key's bytes, end and start.
 *
 * @example
 * const perMinute = topic('per-minute', { key: windowedSerde(serdes.string, minutes), value: serdes.json<number>() })
 */
export function windowedSerde<K>(
  inner: Serde<K, never>,
  windows: Windows | SlidingWindows | SessionWindows,
): WindowedSerde<K> {
  return 'gapMs' in windows ? sessionSerde(inner) : timeSerde(inner, windows)
}

/** By serde: what stands for the bytes that it makes, and by inner serde what stands for windows of its keys. */
const forms = new WeakMap<object, object>()
const formsOfInner = new WeakMap<object, object>()

/**
 * What the bytes of time-windowed keys go by: serdes around the same inner one make the same bytes, whatever their
 * windows are, so that what was made for a store need not be made again for a topic.
 */
export function timeWindowedForm(inner: object): object {
  const known = formsOfInner.get(inner)
  if (known !== undefined) return known
  const form = {}
  formsOfInner.set(inner, form)
  return form
}

/** What the bytes of a key under this serde go by: the serde itself, but for time windows. */
export function keyFormOf(serde: object): object {
  return forms.get(serde) ?? serde
}

function timeSerde<K>(inner: Serde<K, never>, windows: { endOf(startMs: number): number }): WindowedSerde<K> {
  const serde: WindowedSerde<K> = {
    name: `windowed(${inner.name})`,
    ...aroundTopicSerde(inner, (bound) => timeSerde(bound, windows)),
    inner,
    suffixBytes: 8,
    serialize({ key, window }) {
      const keyBytes = (inner as Serde<K>).serialize(key)
      const bytes = Buffer.allocUnsafe(keyBytes.length + 8)
      bytes.set(keyBytes)
      writeMillis(bytes, window.start, keyBytes.length)
      return bytes
    },
    json: jsonForm(inner),
    deserialize(bytes) {
      const buffer = asBuffer(bytes)
      const start = readMillis(buffer, buffer.length - 8)
      return { key: inner.deserialize(buffer.subarray(0, -8)), window: { start, end: windows.endOf(start) } }
    },
  }
  forms.set(serde, timeWindowedForm(inner))
  return serde
}

function sessionSerde<K>(inner: Serde<K, never>): WindowedSerde<K> {
  return {
    name: `session(${inner.name})`,
    ...aroundTopicSerde(inner, sessionSerde),
    inner,
    suffixBytes: sessionSuffixBytes,
    json: jsonForm(inner),
    serialize: ({ key, window }) => sessionKey((inner as Serde<K>).serialize(key), window.start, window.end),
    deserialize: (bytes) => ({
      key: inner.deserialize(keyOfSessionKey(bytes)),
      window: { start: sessionStartOf(bytes), end: sessionEndOf(bytes) },
    }),
  }
}

/** The key within as it stands alone: a text. */
function jsonForm<K>(inner: Serde<K, never>): JsonForm<Windowed<K>> {
  return {
    toJson: ({ key, window }) => ({ key: keyToText(inner, (inner as Serde<K>).serialize(key)), window }),
    fromJson(json) {
      const { key, window } = Object(json) as { readonly key?: unknown; readonly window?: unknown }
      const { start, end } = Object(window) as { readonly start?: unknown; readonly end?: unknown }
      if (typeof key === 'string' && Number.isSafeInteger(start) && Number.isSafeInteger(end)) {
        return {
          key: inner.deserialize(keyFromText(inner, key)),
          window: { start: start as number, end: end as number },
        }
      }
      throw contractError('CONTRACT_MISMATCH', 'expected a windowed key: { key, window: { start, end } }')
    },
  }
}

export function isWindowedSerde(
  serde: Serde<unknown, unknown>,
): serde is WindowedSerde<unknown> & Serde<unknown, unknown> {
  return 'inner' in serde
}
