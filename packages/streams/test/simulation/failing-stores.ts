import {
  type ByteStore,
  type ByteStoreOptions,
  type StateStores,
  type TaskId,
  taskIdText,
} from '@millrace/streams/internal'

/** What the threads of one process share besides the disk. */
export class SharedDisk {
  /** By task: which thread has it. */
  readonly claims = new Map<string, number>()
  failures = 0
  isDead = false
}

/** One thread's access to a disk that refuses writes when told, and for good once its process is dead. */
export class FailingStores implements StateStores {
  readonly #stores: StateStores
  readonly #disk: SharedDisk
  readonly #thread: number

  constructor(stores: StateStores, disk: SharedDisk, thread: number) {
    this.#stores = stores
    this.#disk = disk
    this.#thread = thread
  }

  open(options: ByteStoreOptions): ByteStore {
    const store = this.#stores.open(options)
    return {
      get: (key) => store.get(key),
      range: (range) => store.range(range),
      checkpoint: () => store.checkpoint(),
      close: () => undefined,
      apply: (writes, checkpoint) => {
        if (this.#disk.isDead) throw new Error('a dead process wrote to its disk')
        if (this.#disk.failures > 0) {
          this.#disk.failures--
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
        }
        store.apply(writes, checkpoint)
      },
    }
  }

  wipe(taskId: TaskId, store: string): void {
    if (!this.#disk.isDead) this.#stores.wipe(taskId, store)
  }

  claim(taskId: TaskId): boolean {
    const { claims } = this.#disk
    const text = taskIdText(taskId)
    if (!claims.has(text)) claims.set(text, this.#thread)
    return claims.get(text) === this.#thread
  }

  note(taskId: TaskId, name: string): string | undefined {
    return this.#stores.note(taskId, name)
  }

  setNote(taskId: TaskId, name: string, text: string | undefined): void {
    if (!this.#disk.isDead) this.#stores.setNote(taskId, name, text)
  }

  closeTask(taskId: TaskId, offsets?: number): Promise<void> {
    if (this.#disk.isDead) return Promise.resolve()
    this.#disk.claims.delete(taskIdText(taskId))
    return this.#stores.closeTask(taskId, offsets)
  }

  offsetsOf(taskId: TaskId): number | undefined {
    return this.#stores.offsetsOf(taskId)
  }

  cleanUp(olderThanMs: number): readonly TaskId[] {
    return this.#disk.isDead || this.#disk.claims.size > 0 ? [] : this.#stores.cleanUp(olderThanMs)
  }

  storedTasks(): readonly TaskId[] {
    return this.#stores.storedTasks()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
