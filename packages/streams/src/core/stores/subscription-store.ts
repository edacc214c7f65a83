import type { Subscription } from '../foreign-key/subscription-serde.ts'
import { StageFailure } from '../stage-failure.ts'
import type { SpecOf } from '../topology/store-kinds.ts'
import { asBuffer, readMillis, timestampBytes } from './bytes.ts'
import { bytesTaskStore } from './bytes-task-store.ts'
import { StoreBytes } from './store-bytes.ts'
import type { StoreEnvironment, TaskStore } from './task-store.ts'
import type { ReadOnlyKeyValueStore, StoreEntry } from './views.ts'

/** Who points at which foreign key: subscriptions of a foreign-key join, under the foreign key and their own. */
export class SubscriptionStore {
  readonly bytes: StoreBytes
  readonly #valueSerde: SpecOf<'subscription'>['valueSerde']
  readonly #context: StoreEnvironment['context']
  readonly #onPut: () => void

  constructor(spec: SpecOf<'subscription'>, bytes: StoreBytes, { context, onPut }: StoreEnvironment) {
    this.bytes = bytes
    this.#valueSerde = spec.valueSerde
    this.#context = context
    this.#onPut = onPut
  }

  get(key: Uint8Array): Subscription | undefined {
    const stored = this.bytes.get(key)
    return stored && this.read(stored)
  }

  put(key: Uint8Array, value: Subscription | null, timestamp: number): void {
    this.#onPut()
    this.bytes.put(key, value === null ? null : this.#valueBytes(value), timestamp, this.#context.headers)
  }

  read(stored: Uint8Array): Subscription {
    return this.#valueSerde.deserialize(asBuffer(stored).subarray(timestampBytes)) as Subscription
  }

  #valueBytes(value: Subscription): Uint8Array {
    try {
      return this.#valueSerde.serialize(value)
    } catch (cause) {
      throw new StageFailure('produce', cause)
    }
  }
}

export function openSubscriptionStore(
  spec: SpecOf<'subscription'>,
  environment: StoreEnvironment,
): TaskStore<SubscriptionStore> {
  const { committed, changelog } = environment
  const bytes = new StoreBytes(committed, changelog)
  const store = new SubscriptionStore(spec, bytes, environment)
  return bytesTaskStore(store, bytes, environment, {
    layout: 'keyValue',
    view(isolation): ReadOnlyKeyValueStore {
      const range = (): Iterable<readonly [Uint8Array, Uint8Array]> =>
        isolation === 'committed' ? committed.range({}) : bytes.range({})
      function* all(): Generator<StoreEntry<unknown, unknown>> {
        for (const [key, stored] of range()) {
          yield { key: Buffer.from(key), value: store.read(stored), timestamp: readMillis(asBuffer(stored), 0) }
        }
      }
      // Its keys are no user's: it can be looked through, not asked.
      return { kind: 'keyValue', get: () => undefined, range: all, all }
    },
  })
}
