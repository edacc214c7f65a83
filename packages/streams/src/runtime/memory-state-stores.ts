import type { ByteStore, ByteStoreOptions } from '../core/stores/byte-store.ts'
import { MemoryByteStore } from '../core/stores/memory-store.ts'
import { type TaskId, taskIdText } from '../core/topology/plan.ts'
import type { StateStores } from './state-stores.ts'

/** State in memory, restored from the changelogs at every start. It outlives its tasks, not its process. */
export class MemoryStateStores implements StateStores {
  readonly #tasks = new Map<string, { readonly id: TaskId; readonly stores: Map<string, Reopenable> }>()

  open(options: ByteStoreOptions): ByteStore {
    const text = taskIdText(options.taskId)
    const task = this.#tasks.get(text) ?? { id: options.taskId, stores: new Map<string, Reopenable>() }
    this.#tasks.set(text, task)
    const store = task.stores.get(options.store) ?? new Reopenable(options)
    task.stores.set(options.store, store)
    return store
  }

  wipe(taskId: TaskId, store: string): void {
    this.#tasks.get(taskIdText(taskId))?.stores.get(store)?.wipe()
  }

  closeTask(): Promise<void> {
    return Promise.resolve()
  }

  storedTasks(): readonly TaskId[] {
    return [...this.#tasks.values()].map(({ id }) => id)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** A task keeps its byte store while the store is wiped underneath. */
class Reopenable implements ByteStore {
  readonly #options: ByteStoreOptions
  #store: MemoryByteStore

  constructor(options: ByteStoreOptions) {
    this.#options = options
    this.#store = new MemoryByteStore(options)
  }

  get: ByteStore['get'] = (key) => this.#store.get(key)
  range: ByteStore['range'] = (options) => this.#store.range(options)
  apply: ByteStore['apply'] = (writes, checkpoint) => this.#store.apply(writes, checkpoint)
  checkpoint: ByteStore['checkpoint'] = () => this.#store.checkpoint()
  close(): void {}

  wipe(): void {
    this.#store = new MemoryByteStore(this.#options)
  }
}
