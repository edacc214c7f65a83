import { join } from 'node:path'
import type { Clock } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import { CommittedStore } from '../../../core/stores/committed-store.ts'
import type { ReadOnlyStore } from '../../../core/stores/views.ts'
import { type StorePlan, type TopologyPlan, taskIdText } from '../../../core/topology/plan.ts'
import { layoutOf } from '../../../core/topology/store-kinds.ts'
import { inputsOf, parseTaskId } from '../../assignment/tasks.ts'
import { ReplicaFreshness } from '../../queries/replica-freshness.ts'
import type { FoundCopy, Freshness, StateCopy } from '../../queries/state-copy.ts'
import type { ReadableTask, StandbyState, TaskState } from '../../threads/thread-messages.ts'
import type { ThreadStanding } from '../../threads/thread-standing.ts'
import { CommittedEnvironment } from '../lmdb/committed-environment.ts'

export interface CommittedCopiesOptions {
  /** Of the application. */
  readonly directory: string
  readonly plan: TopologyPlan
  readonly client: KafkaClient
  readonly partitionsOf: (topic: string) => number
  readonly clock: Clock
  readonly standing: ThreadStanding
  /** Told of files that could not be opened or closed: what is asked of them is asked of the worker. */
  readonly onFailure: (error: unknown) => void
}

interface Opened {
  readonly incarnation: number
  readonly copy: DiskCopy
}

/**
 * What the tasks of a worker have committed, and what its standby copies have followed, read here from their disk stores
 * while the worker goes on writing them: an answer does not wait for its turn. What is not on disk, or not committed, the
 * worker is asked for.
 *
 * An answer is right because of three things. The thread's standing says at once, and not by message, when its tasks
 * change, may no longer be its own, or are about to be emptied; it is looked at before a read and after. What a store holds
 * is told after it is written, and the reading transaction is renewed when that arrives, so that what is read is never
 * behind what goes with it. And a task that was opened anew is another incarnation, whose files are opened anew here too.
 */
export class CommittedCopies {
  readonly #options: CommittedCopiesOptions
  readonly #opened = new Map<string, Opened>()
  #readable = new Map<string, ReadableTask>()
  #version = 0

  constructor(options: CommittedCopiesOptions) {
    this.#options = options
  }

  /** The worker has told which tasks it runs and which it copies. */
  changed(version: number, readable: readonly ReadableTask[]): void {
    this.#version = version
    this.#readable = new Map(readable.map((task) => [task.task, task]))
    for (const [task, { incarnation, copy }] of this.#opened) {
      const now = this.#readable.get(task)
      if (now?.incarnation === incarnation) copy.written(now.state)
      else this.#close(task, copy)
    }
  }

  /** Stores of tasks are written so far. */
  written(states: ReadonlyMap<string, TaskState>): void {
    for (const [task, state] of states) {
      const known = this.#readable.get(task)
      // Told of what the task was before it changed.
      if (known?.state.role !== state.role) continue
      this.#readable.set(task, { ...known, state })
      this.#opened.get(task)?.copy.written(state)
    }
  }

  find(store: StorePlan, partition: number): FoundCopy {
    if ((store.storage ?? 'disk') !== 'disk') return undefined
    const task = this.#readable.get(taskIdText({ subtopology: store.subtopology, partition }))
    if (task === undefined) return undefined
    return this.#isHeld(task) ? this.#copy(task) : 'notReady'
  }

  close(): void {
    this.#readable.clear()
    for (const [task, { copy }] of this.#opened) this.#close(task, copy)
  }

  /** Whether what was told of the task still holds. Nobody else can own a copy's state. */
  #isHeld({ state }: ReadableTask): boolean {
    const { standing, clock } = this.#options
    return standing.version === this.#version && (state.role === 'standby' || clock.now() < standing.heldUntilMs)
  }

  #copy(told: ReadableTask): FoundCopy {
    const { task, incarnation, state } = told
    const known = this.#opened.get(task)
    if (known) return known.copy
    const { directory, onFailure } = this.#options
    const isStill = (): boolean => {
      const now = this.#readable.get(task)
      return now?.incarnation === incarnation && this.#isHeld(now)
    }
    try {
      const environment = CommittedEnvironment.open(join(directory, task))
      const options = { ...this.#options, task, isStill }
      const copy =
        state.role === 'active'
          ? new DiskCopy(environment, options, state)
          : new StandbyDiskCopy(environment, options, state)
      this.#opened.set(task, { incarnation, copy })
      return copy
    } catch (error) {
      onFailure(error)
      return 'notReady'
    }
  }

  #close(task: string, copy: DiskCopy): void {
    this.#opened.delete(task)
    copy.close().catch(this.#options.onFailure)
  }
}

interface DiskCopyOptions extends Pick<CommittedCopiesOptions, 'plan' | 'client' | 'clock' | 'partitionsOf'> {
  readonly task: string
  readonly isStill: () => boolean
}

class DiskCopy implements StateCopy {
  readonly role: StateCopy['role'] = 'active'
  readonly readsCommittedOnly = true
  readonly isStill: () => boolean
  protected readonly options: DiskCopyOptions
  readonly #environment: CommittedEnvironment
  readonly #stores = new Map<string, CommittedStore>()
  #state: TaskState

  constructor(environment: CommittedEnvironment, options: DiskCopyOptions, state: TaskState) {
    this.#environment = environment
    this.options = options
    this.isStill = options.isStill
    this.#state = state
  }

  written(state: TaskState): void {
    this.#state = state
    this.#environment.refresh()
    for (const [name, store] of this.#stores) this.#tellTime(name, store)
  }

  close(): Promise<void> {
    return this.#environment.close()
  }

  view(name: string): ReadOnlyStore {
    const known = this.#stores.get(name)
    if (known) return known.view
    const plan = this.options.plan.stores.get(name)!
    const store = new CommittedStore(plan, this.#environment.store(name, layoutOf(plan)))
    this.#tellTime(name, store)
    this.#stores.set(name, store)
    return store.view
  }

  checkpoint(store: string): number | undefined {
    return this.#environment.checkpoint(store)
  }

  reached(store: string): number | undefined {
    return this.checkpoint(store)
  }

  freshness(): Freshness {
    const position = this.#state.role === 'active' ? this.#state.position : {}
    return { asOfMs: this.options.clock.now(), position }
  }

  lagRecords(): number | undefined {
    return 0
  }

  async observe(): Promise<void> {}

  #tellTime(name: string, store: CommittedStore): void {
    const time = this.#state.times.get(name)
    if (time !== undefined) store.latestTime = time
  }
}

/** How fresh it is, is found out here: the worker tells how far it has read, and the broker how far there is to read. */
class StandbyDiskCopy extends DiskCopy {
  override readonly role = 'standby'
  readonly #freshness: ReplicaFreshness
  #told: StandbyState

  constructor(environment: CommittedEnvironment, options: DiskCopyOptions, state: StandbyState) {
    super(environment, options, state)
    this.#told = state
    const { client, clock, plan, partitionsOf, task } = options
    this.#freshness = new ReplicaFreshness({
      client,
      clock,
      groupId: plan.applicationId,
      inputs: inputsOf(plan.subtopologies, parseTaskId(task), partitionsOf),
      changelogs: () => this.#told.changelogs,
      reachedOf: ({ topic, partition }) =>
        this.#told.changelogs.find((each) => each.topic === topic && each.partition === partition)?.reached,
    })
  }

  override written(state: TaskState): void {
    if (state.role === 'standby') this.#told = state
    super.written(state)
  }

  override reached(store: string): number | undefined {
    return this.#told.changelogs.find((each) => each.store === store)?.reached ?? this.checkpoint(store)
  }

  override freshness(): Freshness {
    return this.#freshness.freshness
  }

  override lagRecords(): number | undefined {
    return this.#told.lagRecords
  }

  override observe(): Promise<void> {
    return this.#freshness.observe()
  }
}
