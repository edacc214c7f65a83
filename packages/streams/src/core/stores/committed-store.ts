import { TaskRecordContext } from '../record-context.ts'
import type { StoreSpec } from '../topology/store-kinds.ts'
import type { ByteStore } from './byte-store.ts'
import { openStore } from './open-store.ts'
import type { TaskStore } from './task-store.ts'
import type { ReadOnlyStore } from './views.ts'

/** A store of any kind of which only what is committed can be read: another thread writes it. */
export class CommittedStore {
  readonly view: ReadOnlyStore
  readonly #store: TaskStore

  constructor(spec: StoreSpec, bytes: Pick<ByteStore, 'get' | 'range'>) {
    this.#store = openStore(spec, {
      committed: { ...bytes, apply: neverWritten, checkpoint: () => undefined, close: () => undefined },
      changelog: undefined,
      cache: undefined,
      context: new TaskRecordContext(),
      onPut: neverWritten,
      onFlushFailure: neverWritten,
      strict: undefined,
    })
    this.view = this.#store.view('committed')
  }

  /** By which rows expire: what the writer has come to. */
  set latestTime(time: number) {
    this.#store.latestTime = time
  }
}

function neverWritten(): never {
  throw new TypeError('what another thread writes is read here')
}
