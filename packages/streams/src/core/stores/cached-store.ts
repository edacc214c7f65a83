import { isNotReady } from '@millrace/contracts/internal'
import type { RecordCursor } from '@millrace/protocol'
import { goneAfterMs, type SpecOf } from '../topology/store-kinds.ts'
import { restoreInto } from './restore.ts'
import { StateStore } from './state-store.ts'
import { keyValueView, windowView } from './state-view.ts'
import { StoreBytes } from './store-bytes.ts'
import type { StoreEnvironment, TaskStore } from './task-store.ts'
import { plainValueSerde } from './value-headers.ts'
import type { ReadOnlyStore } from './views.ts'

/** Opens a key-value or window store: a `StateStore` with the record cache in front. */
export function openCachedStore(
  spec: SpecOf<'keyValue' | 'window'>,
  environment: StoreEnvironment,
): TaskStore<StateStore> {
  const { committed, changelog, ...rest } = environment
  const { name, kind, keySerde, valueSerde, hasHeaders } = spec
  const takes = spec.restoresFrom === undefined ? undefined : consumed(spec, environment)
  const bytes = new StoreBytes(committed, changelog)
  const store = new StateStore({ ...rest, name, kind, keySerde, valueSerde, bytes })
  let committedLatest = store.latestStart
  return {
    access: store,
    cache: store.cache,
    get uncommittedBytes() {
      return bytes.uncommittedBytes
    },
    get latestTime() {
      return store.latestStart
    },
    set latestTime(time) {
      store.latestStart = time
    },
    checkpoint: () => committed.checkpoint(),
    flush: (pace) => store.flush(pace),
    writing: (nextOffset) => bytes.writing(nextOffset),
    commit(nextOffset) {
      bytes.commit(nextOffset)
      committedLatest = store.latestStart
    },
    discard() {
      store.dropCache()
      store.latestStart = committedLatest
      bytes.discard()
    },
    restore(batches, options) {
      const progress = { records: 0, latestStart: store.latestStart }
      restoreInto(committed, batches, options, kind, progress, { hasHeaders, takes })
      store.latestStart = committedLatest = progress.latestStart
      return progress.records
    },
    view(isolation): ReadOnlyStore {
      if (spec.kind === 'keyValue') return keyValueView(store, isolation)
      const { windowEnd } = spec
      return windowView(store, isolation, {
        retentionMs: goneAfterMs(spec),
        windowEnd,
        latestStart: () => store.latestStart,
      })
    },
    close: () => committed.close(),
  }
}

/**
 * A topic of the user's may have records that cannot be decoded. Those that were consumed the handler has let pass, so
 * that they never came into the store: restoring leaves them out as well, and counts them. The same goes for what came
 * back from the dead letters of another application.
 */
function consumed(
  spec: SpecOf<'keyValue' | 'window'>,
  { isForAnother, onLeftOut }: Pick<StoreEnvironment, 'isForAnother' | 'onLeftOut'>,
) {
  const { keySerde } = spec
  const valueSerde = plainValueSerde(spec)
  return (record: RecordCursor, key: Uint8Array): boolean => {
    if (isForAnother?.(record)) {
      onLeftOut?.('for-another')
      return false
    }
    const value = record.valueBytes()
    try {
      keySerde.deserialize(key)
      if (value !== null) valueSerde.deserialize(value)
      return true
    } catch (error) {
      // A schema that is on its way: that says nothing of the record.
      if (isNotReady(error)) throw error
      onLeftOut?.('skipped')
      return false
    }
  }
}
