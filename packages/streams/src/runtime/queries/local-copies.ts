import type { Clock } from '@millrace/base'
import type { Consumer, KafkaClient } from '@millrace/kafka'
import { type StorePlan, type TopologyPlan, taskIdText } from '../../core/topology/plan.ts'
import { type ActiveTask, partitionText } from '../active-task.ts'
import { inputsOf } from '../assignment/tasks.ts'
import type { ChangelogRestorer } from '../changelog-restorer.ts'
import type { StandbyTask } from '../standby-task.ts'
import type { StandbyUpdater } from '../standby-updater.ts'
import type { TaskSet } from '../task-set.ts'
import type { ActiveState, ReadableTask, StandbyState, TaskState } from '../threads/thread-messages.ts'
import type { Position } from './position.ts'
import { ReplicaFreshness } from './replica-freshness.ts'
import type { FoundCopy, StateCopy } from './state-copy.ts'
import type { CopyStanding } from './store-lags.ts'

export interface LocalCopiesOptions {
  readonly client: KafkaClient
  readonly plan: TopologyPlan
  readonly partitionsOf: (topic: string) => number
  readonly clock: Clock
  readonly consumer: Consumer
  readonly tasks: TaskSet
  readonly standbys: StandbyUpdater
  readonly restorer: Pick<ChangelogRestorer, 'positionOf'>
  /** Told of every question. */
  readonly onAsked: () => void
}

/** The state that a thread has open, as queries see it. */
export class LocalCopies {
  readonly #options: LocalCopiesOptions
  readonly #incarnations = new WeakMap<ActiveTask | StandbyTask, number>()
  #incarnationsMax = 0
  readonly #active = new WeakMap<ActiveTask, StateCopy>()
  readonly #standby = new WeakMap<StandbyTask, StateCopy>()

  constructor(options: LocalCopiesOptions) {
    this.#options = options
  }

  /** The tasks and copies that answer, for whoever reads their stores elsewhere. */
  readable(): readonly ReadableTask[] {
    const { tasks } = this.#options
    return [
      ...tasks.running.map((active) => this.#named(active, activeState(active))),
      ...tasks.standbys.map((standby) => this.#named(standby, this.standbyState(standby))),
    ]
  }

  #named(task: ActiveTask | StandbyTask, state: TaskState): ReadableTask {
    const incarnation = this.#incarnations.get(task) ?? ++this.#incarnationsMax
    this.#incarnations.set(task, incarnation)
    return { task: task.text, incarnation, state }
  }

  standbyState(standby: StandbyTask): StandbyState {
    const { standbys } = this.#options
    const changelogs = standby.changelogs().map(({ store, topic, partition, isSource = false }) => {
      return { store, topic, partition, isSource, reached: standbys.positionOf({ topic, partition }) }
    })
    return { role: 'standby', changelogs, times: standby.latestTimes(), lagRecords: standbys.lagOf(standby.text) }
  }

  /** Where the copies stand in their changelogs, those included that do not answer yet. */
  standings(): readonly CopyStanding[] {
    const { tasks, standbys, restorer } = this.#options
    const active = tasks.assigned.flatMap(({ task, phase }) =>
      task.changelogs().map(({ store, topic, partition, checkpoint, isSource = false }): CopyStanding => {
        const known = phase === 'assigned' ? (checkpoint ?? 0) : restorer.positionOf({ topic, partition })
        const isRestoring = phase !== 'running'
        return { store, topic, partition, isSource, role: 'active', isRestoring, currentOffset: known }
      }),
    )
    const copies = tasks.standbys.flatMap((standby) =>
      standby.changelogs().map(({ store, topic, partition, checkpoint, isSource = false }): CopyStanding => {
        const currentOffset = standbys.positionOf({ topic, partition }) ?? checkpoint ?? 0
        return { store, topic, partition, isSource, role: 'standby', isRestoring: false, currentOffset }
      }),
    )
    return [...active, ...copies]
  }

  find({ subtopology }: StorePlan, partition: number): FoundCopy {
    const { tasks, onAsked } = this.#options
    onAsked()
    const id = { subtopology, partition }
    const active = tasks.byId(id)
    if (active !== undefined)
      return active.phase === 'running' && this.#isHeld() ? this.#activeCopy(active) : 'notReady'
    const standby = tasks.standbyById(id)
    if (standby !== undefined) return this.#standbyCopy(standby)
    return tasks.isActive(taskIdText(id)) ? 'notReady' : undefined
  }

  /**
   * Whether nobody else can own the tasks yet. A process that was stopped for longer than its session, or cut off, still
   * takes them for its own when it goes on, while another has perhaps committed beyond it.
   */
  #isHeld(): boolean {
    const { consumer, clock } = this.#options
    const untilMs = consumer.heldUntilMs()
    return untilMs !== undefined && clock.now() < untilMs
  }

  #activeCopy(active: ActiveTask): StateCopy {
    const known = this.#active.get(active)
    if (known) return known
    const { task } = active
    const copy: StateCopy = {
      role: 'active',
      view: (store, isolation) => task.query(store, isolation),
      checkpoint: (store) => task.changelogs().find((each) => each.store === store)?.checkpoint,
      reached: (store) => task.changelogs().find((each) => each.store === store)?.checkpoint,
      freshness: () => ({ asOfMs: this.#options.clock.now(), position: committedPosition(active) }),
      lagRecords: () => 0,
      observe: () => Promise.resolve(),
    }
    this.#active.set(active, copy)
    return copy
  }

  #standbyCopy(standby: StandbyTask): StateCopy {
    const known = this.#standby.get(standby)
    if (known) return known
    const { client, plan, partitionsOf, clock, standbys } = this.#options
    const changelogs = standby
      .changelogs()
      .map(({ topic, partition, isSource = false }) => ({ topic, partition, isSource }))
    const freshness = new ReplicaFreshness({
      client,
      clock,
      groupId: plan.applicationId,
      inputs: inputsOf(plan.subtopologies, standby.id, partitionsOf),
      changelogs: () => changelogs,
      reachedOf: (changelog) => standbys.positionOf(changelog),
    })
    const copy: StateCopy = {
      role: 'standby',
      view: (store) => standby.view(store),
      checkpoint: (store) => standby.changelogs().find((each) => each.store === store)?.checkpoint,
      reached(store) {
        const changelog = standby.changelogs().find((each) => each.store === store)
        return changelog && (standbys.positionOf(changelog) ?? changelog.checkpoint)
      },
      freshness: () => freshness.freshness,
      lagRecords: () => standbys.lagOf(standby.text),
      observe: () => freshness.observe(),
    }
    this.#standby.set(standby, copy)
    return copy
  }
}

export function activeState(active: ActiveTask): ActiveState {
  return { role: 'active', position: committedPosition(active), times: active.task.latestTimes() }
}

/**
 * What a running task has committed, which its stores hold by then: offsets are noted after the stores are written. One
 * that was taken over and has committed nothing begins behind what its predecessor committed.
 */
function committedPosition({ committed, inputs }: ActiveTask): Position {
  const position: Record<string, Record<number, number>> = {}
  for (const input of inputs) {
    const next = committed.get(partitionText(input))
    if (next === undefined || next <= 0) continue
    position[input.topic] ??= {}
    position[input.topic]![input.partition] = next - 1
  }
  return position
}
