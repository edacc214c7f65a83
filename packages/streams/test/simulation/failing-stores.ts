import type { ByteStore, ByteStoreOptions, StateStores, TaskId } from '@millrace/streams/internal'

/** A disk that refuses writes when told, and for good once its process is dead. */
export class FailingStores implements StateStores {
  readonly #stores: StateStores
  failures = 0
  #dead = false

  constructor(stores: StateStores) {
    this.#stores = stores
  }

  open(options: ByteStoreOptions): ByteStore {
    const store = this.#stores.open(options)
    return {
      get: (key) => store.get(key),
      range: (range) => store.range(range),
      checkpoint: () => store.checkpoint(),
      close: () => undefined,
      apply: (writes, checkpoint) => {
        if (this.#dead) throw new Error('a dead process wrote to its disk')
        if (this.failures > 0) {
          this.failures--
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
        }
        store.apply(writes, checkpoint)
      },
    }
  }

  kill(): void {
    this.#dead = true
  }

  wipe(taskId: TaskId, store: string): void {
    this.#stores.wipe(taskId, store)
  }

  claim(taskId: TaskId): boolean {
    return this.#stores.claim(taskId)
  }

  note(taskId: TaskId, name: string): string | undefined {
    return this.#stores.note(taskId, name)
  }

  setNote(taskId: TaskId, name: string, text: string | undefined): void {
    this.#stores.setNote(taskId, name, text)
  }

  closeTask(taskId: TaskId, offsets?: number): Promise<void> {
    return this.#stores.closeTask(taskId, offsets)
  }

  offsetsOf(taskId: TaskId): number | undefined {
    return this.#stores.offsetsOf(taskId)
  }

  cleanUp(olderThanMs: number): readonly TaskId[] {
    return this.#stores.cleanUp(olderThanMs)
  }

  storedTasks(): readonly TaskId[] {
    return this.#stores.storedTasks()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
