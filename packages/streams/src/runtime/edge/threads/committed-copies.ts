import { join } from 'node:path'
import type { Clock } from '@millrace/base'
import { committedView } from '../../../core/stores/state-view.ts'
import type { ReadOnlyStore } from '../../../core/stores/views.ts'
import { type StorePlan, type TopologyPlan, taskIdText } from '../../../core/topology/plan.ts'
import type { Position } from '../../queries/position.ts'
import type { FoundCopy, StateCopy } from '../../queries/state-copy.ts'
import type { RunningTask } from '../../threads/thread-messages.ts'
import type { ThreadStanding } from '../../threads/thread-standing.ts'
import { CommittedEnvironment } from '../lmdb/committed-environment.ts'

export interface CommittedCopiesOptions {
  /** Of the application. */
  readonly directory: string
  readonly plan: TopologyPlan
  readonly clock: Clock
  readonly standing: ThreadStanding
  /** Told of files that could not be opened or closed: what is asked of them is asked of the worker. */
  readonly onFailure: (error: unknown) => void
}

interface Opened {
  /** See `RunningTask`. */
  readonly incarnation: number
  readonly copy: DiskCopy
}

/**
 * What the tasks of a worker have committed, read here from their disk stores while the worker goes on writing them: an
 * answer does not wait for its turn. Only key-value stores on disk can be read so; whatever else is asked, the worker is.
 *
 * An answer is right because of three things. The thread's standing says at once, and not by message, when its tasks
 * change or may no longer be its own. A position is told after the stores are written, and the reading transaction is
 * renewed when it arrives, so that what is read is never behind the position that goes with it. And a task that was opened
 * anew is another incarnation, whose files are opened anew here too.
 */
export class CommittedCopies {
  readonly #options: CommittedCopiesOptions
  readonly #opened = new Map<string, Opened>()
  #running = new Map<string, RunningTask>()
  #version = 0

  constructor(options: CommittedCopiesOptions) {
    this.#options = options
  }

  /** The worker has told which tasks it runs. */
  changed(version: number, running: readonly RunningTask[]): void {
    this.#version = version
    this.#running = new Map(running.map((task) => [task.task, task]))
    for (const [task, { incarnation, copy }] of this.#opened) {
      const now = this.#running.get(task)
      if (now?.incarnation === incarnation) copy.committed(now.position)
      else this.#close(task, copy)
    }
  }

  /** Tasks of the worker's have committed, and their stores are written. */
  committed(positions: ReadonlyMap<string, Position>): void {
    for (const [task, position] of positions) {
      const known = this.#running.get(task)
      if (known) this.#running.set(task, { ...known, position })
      this.#opened.get(task)?.copy.committed(position)
    }
  }

  find(store: StorePlan, partition: number): FoundCopy {
    if (store.kind !== 'keyValue' || (store.storage ?? 'disk') !== 'disk') return undefined
    const { standing, clock } = this.#options
    const running = this.#running.get(taskIdText({ subtopology: store.subtopology, partition }))
    if (running === undefined) return undefined
    if (standing.version !== this.#version || clock.now() >= standing.heldUntilMs) return 'notReady'
    return this.#copy(running)
  }

  close(): void {
    this.#running.clear()
    for (const [task, { copy }] of this.#opened) this.#close(task, copy)
  }

  #copy({ task, incarnation, position }: RunningTask): FoundCopy {
    const known = this.#opened.get(task)
    if (known) return known.copy
    const { directory, onFailure } = this.#options
    try {
      const copy = new DiskCopy(CommittedEnvironment.open(join(directory, task)), this.#options, position)
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

class DiskCopy implements StateCopy {
  readonly role = 'active'
  readonly readsCommittedOnly = true
  readonly #environment: CommittedEnvironment
  readonly #options: Pick<CommittedCopiesOptions, 'plan' | 'clock'>
  readonly #views = new Map<string, ReadOnlyStore>()
  #position: Position

  constructor(
    environment: CommittedEnvironment,
    options: Pick<CommittedCopiesOptions, 'plan' | 'clock'>,
    position: Position,
  ) {
    this.#environment = environment
    this.#options = options
    this.#position = position
  }

  committed(position: Position): void {
    this.#position = position
    this.#environment.refresh()
  }

  close(): Promise<void> {
    return this.#environment.close()
  }

  view(store: string): ReadOnlyStore {
    const known = this.#views.get(store)
    if (known) return known
    const view = committedView(this.#options.plan.stores.get(store)!, this.#environment.store(store))
    this.#views.set(store, view)
    return view
  }

  checkpoint(store: string): number | undefined {
    return this.#environment.checkpoint(store)
  }

  reached(store: string): number | undefined {
    return this.#environment.checkpoint(store)
  }

  freshness(): ReturnType<StateCopy['freshness']> {
    return { asOfMs: this.#options.clock.now(), position: this.#position }
  }

  lagRecords(): number {
    return 0
  }

  async observe(): Promise<void> {}
}
