import { type Clock, isMillraceError } from '@millrace/base'
import type { RecordCache } from '../core/stores/record-cache.ts'
import type { CreateStreamTask, TaskConfig, TaskOutput } from '../core/task.ts'
import { type TaskId, type TopologyPlan, taskIdText } from '../core/topology/plan.ts'
import { streamsError } from '../errors.ts'
import { type ActiveTask, activeTask } from './active-task.ts'
import { inputsOf, type TopicPartition } from './assignment/tasks.ts'
import type { StateStores } from './state-stores.ts'

export interface TaskSetOptions {
  readonly plan: TopologyPlan
  readonly partitionsOf: (topic: string) => number
  readonly createTask: CreateStreamTask
  readonly taskConfig: TaskConfig
  readonly stores: StateStores
  readonly clock: Clock
  readonly cache: RecordCache
  readonly output: TaskOutput
}

/** The tasks that an instance has open. */
export class TaskSet {
  readonly #options: TaskSetOptions
  readonly #tasks = new Map<string, ActiveTask>()

  constructor(options: TaskSetOptions) {
    this.#options = options
  }

  /** Those that are ours at the moment. */
  get assigned(): readonly ActiveTask[] {
    return this.all.filter(({ phase }) => phase !== 'suspended')
  }

  get running(): readonly ActiveTask[] {
    return this.all.filter(({ phase }) => phase === 'running')
  }

  get all(): readonly ActiveTask[] {
    return [...this.#tasks.values()]
  }

  ownerOf({ topic, partition }: TopicPartition): ActiveTask | undefined {
    const id = this.#taskOf({ topic, partition })
    return id && this.#tasks.get(taskIdText(id))
  }

  byId(id: TaskId): ActiveTask | undefined {
    return this.#tasks.get(taskIdText(id))
  }

  /** Closes what is not among the partitions and opens what is missing; what stays forgets all that is uncommitted. */
  async replace(partitions: readonly TopicPartition[]): Promise<void> {
    const wanted = new Map(
      partitions.flatMap((partition) => this.#taskOf(partition) ?? []).map((id) => [taskIdText(id), id]),
    )
    for (const active of this.all) if (!wanted.has(active.text)) await this.close(active)
    for (const id of wanted.values()) {
      const known = this.byId(id)
      if (known) known.task.discard()
      else this.#open(id)
    }
  }

  /** Opens a task anew, from what its disk says. */
  async reopen(active: ActiveTask): Promise<void> {
    await this.close(active)
    this.#open(active.id)
  }

  discard(): void {
    for (const { task } of this.#tasks.values()) task.discard()
  }

  async close(active: ActiveTask): Promise<void> {
    this.#tasks.delete(active.text)
    active.task.close()
    await this.#options.stores.closeTask(active.id)
  }

  async closeAll(): Promise<void> {
    for (const active of this.all) await this.close(active)
  }

  #open(id: TaskId): void {
    const { plan, createTask, clock, cache, output, stores, partitionsOf, taskConfig } = this.#options
    const text = taskIdText(id)
    try {
      const task = createTask({ plan, taskId: id, stores, output, clock, cache, partitionsOf, config: taskConfig })
      this.#tasks.set(text, activeTask(task, inputsOf(plan.subtopologies, id, partitionsOf)))
    } catch (error) {
      if (isMillraceError(error)) throw error
      throw streamsError('STREAMS_STATE_FAILED', `the stores of task ${text} cannot be opened`, { task: text }, error)
    }
  }

  #taskOf({ topic, partition }: TopicPartition): TaskId | undefined {
    const subtopology = this.#options.plan.subtopologies.find(({ sourceTopics }) => sourceTopics.includes(topic))
    return subtopology && { subtopology: subtopology.id, partition }
  }
}
