import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
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

/**
 * State on disk: one LMDB environment per task, in `<directory>/<task id>/`. Beside it lies, while it is open, `claim`, which
 * names the thread that has it, and while it is closed, `offsets`: how far it is.
 */
export class LmdbStateStores implements StateStores {
  readonly #directory: string
  readonly #thread: string
  readonly #tasks = new Map<string, OpenTask>()
  readonly #claims = new Set<string>()
  /** By task that is being closed: how far its state is, and its end. */
  readonly #closing = new Map<string, { readonly offsets: number | undefined; readonly closed: Promise<void> }>()

  /** `thread` tells apart who shares the directory; see `releaseClaims` for those of the dead. */
  constructor(directory: string, thread = '1') {
    this.#directory = directory
    this.#thread = thread
    mkdirSync(directory, { recursive: true })
  }

  /** Frees what a thread, or without one every thread, had claimed when it died. */
  static releaseClaims(directory: string, thread?: string): void {
    for (const { text } of taskDirectories(directory)) {
      const claim = join(directory, text, 'claim')
      if (thread === undefined || readIfThere(claim) === thread) rmSync(claim, { force: true })
    }
  }

  claim(taskId: TaskId): boolean {
    const text = taskIdText(taskId)
    if (this.#closing.has(text)) return false
    if (this.#claims.has(text)) return true
    mkdirSync(join(this.#directory, text), { recursive: true })
    try {
      writeFileSync(this.#file(text, 'claim'), this.#thread, { flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    }
    this.#claims.add(text)
    return true
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

  note(taskId: TaskId, name: string): string | undefined {
    return this.#task(taskId).environment.getNote(name)
  }

  setNote(taskId: TaskId, name: string, text: string | undefined): void {
    const { environment } = this.#task(taskId)
    environment.transaction(() => environment.setNote(name, text))
  }

  closeTask(taskId: TaskId, offsets?: number): Promise<void> {
    const text = taskIdText(taskId)
    const task = this.#tasks.get(text)
    this.#tasks.delete(text)
    if (!task) {
      if (!this.#closing.has(text)) this.#release(text)
      return this.#closing.get(text)?.closed ?? Promise.resolve()
    }
    const closed = this.#close(text, task, offsets)
    this.#closing.set(text, { offsets, closed })
    return closed
  }

  async #close(text: string, { environment }: OpenTask, offsets: number | undefined): Promise<void> {
    try {
      await environment.close()
      if (offsets !== undefined) writeFileSync(this.#file(text, 'offsets'), String(offsets))
    } finally {
      this.#closing.delete(text)
      this.#release(text)
    }
  }

  storedTasks(): readonly TaskId[] {
    return storedTasks(this.#directory)
  }

  offsetsOf(taskId: TaskId): number | undefined {
    const text = taskIdText(taskId)
    const closing = this.#closing.get(text)
    if (closing) return closing.offsets
    const written = readIfThere(this.#file(text, 'offsets'))
    return written === undefined ? undefined : Number(written)
  }

  cleanUp(olderThanMs: number): readonly TaskId[] {
    const gone: TaskId[] = []
    for (const { id, text } of taskDirectories(this.#directory)) {
      if (this.#claims.has(text) || !isOlderThan(join(this.#directory, text), olderThanMs)) continue
      if (!this.claim(id)) continue
      rmSync(join(this.#directory, text), { recursive: true, force: true })
      this.#claims.delete(text)
      gone.push(id)
    }
    return gone
  }

  async close(): Promise<void> {
    const tasks = [...this.#tasks.values()]
    this.#tasks.clear()
    for (const { environment } of tasks) await environment.close()
    await Promise.all([...this.#closing.values()].map(({ closed }) => closed))
    for (const text of this.#claims) this.#release(text)
  }

  #task(taskId: TaskId): OpenTask {
    const text = taskIdText(taskId)
    const known = this.#tasks.get(text)
    if (known) return known
    // From now on it is behind: nobody keeps it up to date.
    rmSync(this.#file(text, 'offsets'), { force: true })
    const task: OpenTask = { environment: TaskEnvironment.open(join(this.#directory, text)), stores: new Map() }
    this.#tasks.set(text, task)
    return task
  }

  #release(text: string): void {
    if (this.#claims.delete(text)) rmSync(this.#file(text, 'claim'), { force: true })
  }

  #file(text: string, name: string): string {
    return join(this.#directory, text, name)
  }
}

function openStore(environment: TaskEnvironment, { store, kind, retentionMs }: ByteStoreOptions): DiskStore {
  if (kind === 'keyValue' || retentionMs === undefined) return new LmdbByteStore(environment, store)
  return new SegmentedStore(environment, store, kind, retentionMs)
}

/** The tasks whose state lies in the directory of an application. */
export function storedTasks(directory: string): readonly TaskId[] {
  return taskDirectories(directory)
    .filter(({ text }) => existsSync(join(directory, text, 'store.mdb')))
    .map(({ id }) => id)
}

function taskDirectories(directory: string): { readonly id: TaskId; readonly text: string }[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const match = entry.isDirectory() ? /^(\d+)_(\d+)$/.exec(entry.name) : null
    return match ? [{ id: { subtopology: Number(match[1]), partition: Number(match[2]) }, text: entry.name }] : []
  })
}

/** By the last write to any of its files: closing writes `offsets`. */
function isOlderThan(directory: string, ageMs: number): boolean {
  const times = [directory, ...readdirSync(directory).map((name) => join(directory, name))].map(
    (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  )
  return Date.now() - Math.max(...times) > ageMs
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
