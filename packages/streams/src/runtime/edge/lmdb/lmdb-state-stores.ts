import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ByteStore, ByteStoreOptions } from '../../../core/stores/byte-store.ts'
import { type TaskId, taskIdText } from '../../../core/topology/plan.ts'
import type { StateStores } from '../../state-stores.ts'
import { LmdbByteStore } from './lmdb-byte-store.ts'
import { SegmentedStore } from './segmented-store.ts'
import { TaskEnvironment } from './task-environment.ts'

type DiskStore = LmdbByteStore | SegmentedStore

interface OpenTask {
  readonly environment: TaskEnvironment
  readonly stores: Map<string, DiskStore>
}

/** State on disk: one LMDB environment per task, in `<directory>/<task id>/`. */
export class LmdbStateStores implements StateStores {
  readonly #directory: string
  readonly #tasks = new Map<string, OpenTask>()

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
  }

  open(options: ByteStoreOptions): ByteStore {
    const task = this.#task(options.taskId)
    const known = task.stores.get(options.store)
    if (known) return known
    const store = openStore(task.environment, options)
    task.stores.set(options.store, store)
    return store
  }

  wipe(taskId: TaskId, store: string): void {
    this.#tasks.get(taskIdText(taskId))?.stores.get(store)?.wipe()
  }

  async closeTask(taskId: TaskId): Promise<void> {
    const text = taskIdText(taskId)
    const task = this.#tasks.get(text)
    this.#tasks.delete(text)
    await task?.environment.close()
  }

  storedTasks(): readonly TaskId[] {
    return readdirSync(this.#directory, { withFileTypes: true }).flatMap((entry) => {
      const match = entry.isDirectory() ? /^(\d+)_(\d+)$/.exec(entry.name) : null
      return match ? [{ subtopology: Number(match[1]), partition: Number(match[2]) }] : []
    })
  }

  async close(): Promise<void> {
    const tasks = [...this.#tasks.values()]
    this.#tasks.clear()
    for (const { environment } of tasks) await environment.close()
  }

  #task(taskId: TaskId): OpenTask {
    const text = taskIdText(taskId)
    const known = this.#tasks.get(text)
    if (known) return known
    const task: OpenTask = { environment: TaskEnvironment.open(join(this.#directory, text)), stores: new Map() }
    this.#tasks.set(text, task)
    return task
  }
}

function openStore(environment: TaskEnvironment, { store, kind, retentionMs }: ByteStoreOptions): DiskStore {
  if (kind === 'keyValue' || retentionMs === undefined) return new LmdbByteStore(environment, store)
  return new SegmentedStore(environment, store, kind, retentionMs)
}
