import type { ByteStore, ByteStoreOptions } from '../core/stores/byte-store.ts'
import { MemoryByteStore } from '../core/stores/memory-store.ts'
import { type TaskId, taskIdText } from '../core/topology/plan.ts'
import type { StateStores } from './state-stores.ts'

interface TaskState {
  readonly id: TaskId
  readonly stores: Map<string, Reopenable>
  readonly notes: Map<string, string>
  offsets: number | undefined
  isOpen: boolean
}

/** State in memory, restored from the changelogs at every start. It outlives its tasks, not its process. */
export class MemoryStateStores implements StateStores {
  readonly #tasks = new Map<string, TaskState>()

  open(options: ByteStoreOptions): ByteStore {
    const task = this.#task(options.taskId)
    task.isOpen = true
    task.offsets = undefined
    const store = task.stores.get(options.store) ?? new Reopenable(options)
    task.stores.set(options.store, store)
    return store
  }

  claim(): boolean {
    return true
  }

  wipe(taskId: TaskId, store: string): void {
    this.#tasks.get(taskIdText(taskId))?.stores.get(store)?.wipe()
  }

  note(taskId: TaskId, name: string): string | undefined {
    return this.#task(taskId).notes.get(name)
  }

  setNote(taskId: TaskId, name: string, text: string | undefined): void {
    if (text === undefined) this.#task(taskId).notes.delete(name)
    else this.#task(taskId).notes.set(name, text)
  }

  closeTask(taskId: TaskId, offsets?: number): Promise<void> {
    const task = this.#tasks.get(taskIdText(taskId))
    if (task) Object.assign(task, { offsets, isOpen: false })
    return Promise.resolve()
  }

  storedTasks(): readonly TaskId[] {
    // Global tables are no task's: they lie under partition -1.
    return [...this.#tasks.values()].map(({ id }) => id).filter(({ partition }) => partition >= 0)
  }

  offsetsOf(taskId: TaskId): number | undefined {
    return this.#tasks.get(taskIdText(taskId))?.offsets
  }

  /** At once: what is kept in memory is not worth keeping for a task that has gone. */
  cleanUp(): readonly TaskId[] {
    const gone = [...this.#tasks].filter(([, { isOpen }]) => !isOpen)
    for (const [text] of gone) this.#tasks.delete(text)
    return gone.map(([, { id }]) => id)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #task(id: TaskId): TaskState {
    const text = taskIdText(id)
    const known = this.#tasks.get(text)
    if (known) return known
    const task: TaskState = { id, stores: new Map(), notes: new Map(), offsets: undefined, isOpen: false }
    this.#tasks.set(text, task)
    return task
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
