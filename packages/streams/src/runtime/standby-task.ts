import { TaskRecordContext } from '../core/record-context.ts'
import { RecordCache } from '../core/stores/record-cache.ts'
import type { ReadOnlyStore } from '../core/stores/views.ts'
import type { StreamTask, StreamTaskOptions, TaskChangelog } from '../core/task.ts'
import { TaskStores } from '../core/task-stores.ts'
import { type TaskId, taskIdText } from '../core/topology/plan.ts'

/**
 * The state of a task without its processing: stores that follow their changelogs. None of the topology's callbacks runs.
 * When the task is to run here, the stores go on under a task that processes.
 */
export class StandbyTask {
  readonly id: TaskId
  readonly text: string
  readonly #stores: TaskStores

  constructor(options: StreamTaskOptions) {
    this.id = options.taskId
    this.text = taskIdText(options.taskId)
    this.#stores = new TaskStores({
      ...options,
      subtopology: options.plan.subtopologies[options.taskId.subtopology]!,
      // What is restored is written straight to the stores.
      cache: new RecordCache({ maxBytes: 0 }),
      context: new TaskRecordContext(),
      onPut: () => undefined,
      onFlushFailure: (error) => {
        throw error
      },
    })
  }

  changelogs(): readonly TaskChangelog[] {
    return this.#stores.changelogs()
  }

  restore: StreamTask['restore'] = (store, batches, options) => this.#stores.restore(store, batches, options)

  view(store: string): ReadOnlyStore {
    return this.#stores.view(store, 'committed')
  }

  latestTimes(): ReadonlyMap<string, number> {
    return this.#stores.latestTimes()
  }

  close(): void {
    this.#stores.close()
  }
}

/** How far the stores of a task have come in its changelogs proper, as one figure. */
export function offsetSum(changelogs: readonly TaskChangelog[]): number {
  return changelogs.reduce((sum, { checkpoint, isSource }) => sum + (isSource ? 0 : (checkpoint ?? 0)), 0)
}
