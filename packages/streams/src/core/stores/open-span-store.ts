import { goneAfterMs, type SpecOf } from '../topology/store-kinds.ts'
import { restoreInto } from './restore.ts'
import { sessionLayout, windowLayout } from './span-layout.ts'
import { SpanStore } from './span-store.ts'
import { sessionView, windowView } from './state-view.ts'
import { StoreBytes } from './store-bytes.ts'
import type { StoreEnvironment, TaskStore } from './task-store.ts'
import type { ReadOnlyStore } from './views.ts'

/** Opens a store whose spans are looked up several at once: sessions, sliding windows. */
export function openSpanStore(spec: SpecOf<'session' | 'window'>, environment: StoreEnvironment): TaskStore<SpanStore> {
  const { committed, changelog, ...rest } = environment
  const { name, kind, keySerde, valueSerde, hasHeaders } = spec
  const retentionMs = spec.kind === 'window' ? goneAfterMs(spec) : spec.retentionMs
  const bytes = new StoreBytes(committed, changelog)
  const layout = spec.kind === 'session' ? sessionLayout : windowLayout(spec.windowEnd)
  const store = new SpanStore({ ...rest, name, layout, retentionMs, keySerde, valueSerde, bytes })
  return {
    access: store,
    cache: store.cache,
    get uncommittedBytes() {
      return bytes.uncommittedBytes
    },
    get latestTime() {
      return store.latestTime
    },
    set latestTime(time) {
      store.latestTime = time
    },
    checkpoint: () => committed.checkpoint(),
    flush: (pace) => store.flush(pace),
    writing: (nextOffset) => bytes.writing(nextOffset),
    commit(nextOffset) {
      bytes.commit(nextOffset)
      store.noteCommit()
    },
    discard() {
      store.dropCache()
      bytes.discard()
    },
    restore(batches, options) {
      const progress = { records: 0, latestStart: store.latestTime }
      restoreInto(committed, batches, options, kind, progress, { hasHeaders })
      store.latestTime = progress.latestStart
      store.noteCommit()
      store.generation++
      return progress.records
    },
    view(isolation): ReadOnlyStore {
      if (spec.kind === 'session') return sessionView(store, isolation, { liveFrom: () => store.liveFrom })
      const { windowEnd } = spec
      return windowView(store, isolation, { retentionMs, windowEnd, latestStart: () => store.latestTime })
    },
    close: () => committed.close(),
  }
}
