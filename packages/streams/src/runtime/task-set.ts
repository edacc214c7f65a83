import { type Clock, isMillraceError } from '@millrace/base'
import type { RecordCache } from '../core/stores/record-cache.ts'
import type { CreateStreamTask, StreamTaskOptions, TaskConfig, TaskOutput } from '../core/task.ts'
import { type TaskId, type TopologyPlan, taskIdText } from '../core/topology/plan.ts'
import { streamsError } from '../errors.ts'
import { type ActiveTask, activeTask } from './active-task.ts'
import { inputsOf, parseTaskId, type TopicPartition, taskOf } from './assignment/tasks.ts'
import { offsetSum, StandbyTask } from './standby-task.ts'
import type { StateStores } from './state-stores.ts'
import { checkStoreKinds } from './store-kinds.ts'

export interface TaskSetOptions {
  readonly plan: TopologyPlan
  readonly partitionsOf: (topic: string) => number
  readonly createTask: CreateStreamTask
  readonly taskConfig: TaskConfig
  readonly stores: StateStores
  readonly clock: Clock
  readonly cache: RecordCache
  readonly output: TaskOutput
  readonly globalStores?: StreamTaskOptions['globalStores']
  /** A failure that is survived: for logs. */
  readonly onFailure?: StreamTaskOptions['onFailure']
}

/** The tasks that a thread has open: those that it runs, and the standby copies that it keeps. */
export class TaskSet {
  readonly #options: TaskSetOptions
  readonly #tasks = new Map<string, ActiveTask>()
  readonly counters = { opened: 0, closed: 0 }
  readonly #standbys = new Map<string, StandbyTask>()
  /** Ours, but another thread of the process still has them open. */
  readonly #pending = new Map<string, 'active' | 'standby'>()
  /** Those that leave are closed beside all else: whoever gets a task is not to wait for the disk of whoever had it. */
  readonly #closings = new Set<Promise<void>>()

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

  get standbys(): readonly StandbyTask[] {
    return [...this.#standbys.values()]
  }

  get hasPending(): boolean {
    return this.#pending.size > 0
  }

  ownerOf({ topic, partition }: TopicPartition): ActiveTask | undefined {
    const id = this.#taskOf({ topic, partition })
    return id && this.#tasks.get(taskIdText(id))
  }

  byId(id: TaskId): ActiveTask | undefined {
    return this.#tasks.get(taskIdText(id))
  }

  standbyById(id: TaskId): StandbyTask | undefined {
    return this.#standbys.get(taskIdText(id))
  }

  /**
   * Closes what is not wanted and opens what is missing; what stays goes on. A standby that is to run keeps its stores open,
   * and so does a task that is to be a standby. Returns the tasks that were opened.
   */
  replace(partitions: readonly TopicPartition[], standbys: readonly string[]): readonly ActiveTask[] {
    const active = new Set(partitions.flatMap((partition) => this.#taskOf(partition) ?? []).map(taskIdText))
    const standby = new Set(standbys.filter((text) => !active.has(text)))
    this.#pending.clear()
    for (const task of this.all) {
      if (active.has(task.text)) continue
      if (standby.has(task.text)) this.#closeOver(task)
      else this.#closeBeside(this.close(task))
    }
    for (const task of this.standbys) {
      if (active.has(task.text)) this.#closeStandbyOver(task)
      else if (!standby.has(task.text)) this.#closeBeside(this.closeStandby(task))
    }
    for (const text of active) if (!this.#tasks.has(text)) this.#pending.set(text, 'active')
    for (const text of standby) if (!this.#standbys.has(text)) this.#pending.set(text, 'standby')
    return this.openPending()
  }

  /** Opens what is waiting for another thread to let go, or to be closed; returns the tasks that are now open. */
  openPending(): readonly ActiveTask[] {
    const opened: ActiveTask[] = []
    for (const [text, kind] of this.#pending) {
      const id = parseTaskId(text)
      if (!this.#options.stores.claim(id)) continue
      this.#pending.delete(text)
      if (kind === 'active') opened.push(this.#open(id))
      else this.openStandby(id)
    }
    return opened
  }

  openStandby(id: TaskId): void {
    const text = taskIdText(id)
    this.#options.stores.claim(id)
    this.#standbys.set(
      text,
      this.#opened(text, () => {
        this.#checkKinds(id)
        return new StandbyTask(this.#taskOptions(id))
      }),
    )
  }

  /** Whether the task is to run here, open or not yet. */
  isActive(text: string): boolean {
    return this.#tasks.has(text) || this.#pending.get(text) === 'active'
  }

  /** Opens a task anew, from what its disk says. */
  async reopen(active: ActiveTask): Promise<void> {
    await this.close(active)
    this.#options.stores.claim(active.id)
    this.#open(active.id)
  }

  discard(): void {
    for (const { task } of this.#tasks.values()) task.discard()
  }

  async close(active: ActiveTask): Promise<void> {
    this.#tasks.delete(active.text)
    const offsets = offsetSum(active.task.changelogs())
    active.task.close()
    this.counters.closed++
    await this.#options.stores.closeTask(active.id, offsets)
  }

  async closeStandby(standby: StandbyTask): Promise<void> {
    this.#standbys.delete(standby.text)
    const offsets = offsetSum(standby.changelogs())
    standby.close()
    await this.#options.stores.closeTask(standby.id, offsets)
  }

  async closeAll(): Promise<void> {
    this.#pending.clear()
    for (const active of this.all) await this.close(active)
    for (const standby of this.standbys) await this.closeStandby(standby)
    await Promise.all(this.#closings)
  }

  #closeBeside(work: Promise<void>): void {
    const closing: Promise<void> = work
      .catch((error: unknown) => this.#options.onFailure?.(error))
      .finally(() => this.#closings.delete(closing))
    this.#closings.add(closing)
  }

  /** How far the state of a task is that is on disk and not open; undefined while another thread has it. */
  async storedOffsets(id: TaskId): Promise<number | undefined> {
    const { stores, plan } = this.#options
    const known = stores.offsetsOf(id)
    if (known !== undefined) return known
    if (plan.subtopologies[id.subtopology] === undefined || !stores.claim(id)) return undefined
    const standby = new StandbyTask(this.#taskOptions(id))
    const offsets = offsetSum(standby.changelogs())
    standby.close()
    await stores.closeTask(id, offsets)
    return offsets
  }

  #closeOver(active: ActiveTask): void {
    this.#tasks.delete(active.text)
    active.task.discard()
    active.task.close()
    this.counters.closed++
  }

  #closeStandbyOver(standby: StandbyTask): void {
    this.#standbys.delete(standby.text)
    standby.close()
  }

  #open(id: TaskId): ActiveTask {
    const { plan, createTask, partitionsOf } = this.#options
    const text = taskIdText(id)
    const task = this.#opened(text, () => {
      this.#checkKinds(id)
      return createTask(this.#taskOptions(id))
    })
    this.counters.opened++
    const active = activeTask(task, inputsOf(plan.subtopologies, id, partitionsOf))
    this.#tasks.set(text, active)
    return active
  }

  #checkKinds(id: TaskId): void {
    const { stores, plan } = this.#options
    checkStoreKinds(stores, id, plan.subtopologies[id.subtopology]?.stores ?? [])
  }

  #opened<T>(text: string, open: () => T): T {
    try {
      return open()
    } catch (error) {
      if (isMillraceError(error)) throw error
      throw streamsError('STREAMS_STATE_FAILED', `the stores of task ${text} cannot be opened`, { task: text }, error)
    }
  }

  #taskOptions(taskId: TaskId): StreamTaskOptions {
    const { plan, clock, cache, output, stores, partitionsOf, taskConfig, globalStores, onFailure } = this.#options
    return { plan, taskId, stores, output, clock, cache, partitionsOf, config: taskConfig, globalStores, onFailure }
  }

  #taskOf(partition: TopicPartition): TaskId | undefined {
    return taskOf(this.#options.plan.subtopologies, partition)
  }
}
