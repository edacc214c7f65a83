import type { Clock } from '@millrace/base'
import type { Consumer, GroupAssignor, KafkaClient } from '@millrace/kafka'
import type { TopologyPlan } from '../core/topology/plan.ts'
import { taskIdText } from '../core/topology/plan.ts'
import { changelogEnds } from './assignment/group-lags.ts'
import type { TaskAssignor } from './assignment/group-model.ts'
import { partitionRacks } from './assignment/partition-racks.ts'
import { streamsAssignor } from './assignment/streams-assignor.ts'
import { topologyShape } from './assignment/topology-shape.ts'
import { type HostMap, nothingAssigned, runsHere, type Subscription } from './assignment/user-data.ts'
import type { RuntimeConfig } from './config.ts'
import { offsetSum } from './standby-task.ts'
import type { StandbyUpdater } from './standby-updater.ts'
import type { StateStores } from './state-stores.ts'
import type { TaskSet } from './task-set.ts'

export interface GroupRoleOptions {
  readonly client: KafkaClient
  readonly plan: TopologyPlan
  readonly partitionsOf: (topic: string) => number
  readonly config: RuntimeConfig
  readonly clock: Clock
  readonly stores: StateStores
  readonly applicationServer: string | undefined
  /** The same for all threads of a process. */
  readonly processId: string
  /** One thread of a process speaks for the state that lies on its disk unused. */
  readonly speaksForDisk: boolean
  readonly taskAssignor: TaskAssignor | undefined
  readonly endsApplication: boolean
  /** The thread takes part in a rebalance from now on. */
  readonly onJoining: () => void
  readonly onFailure: (error: unknown) => void
  /** A member asked for the end of the application. */
  readonly onShutdownRequested: () => void
}

interface Parts {
  readonly consumer: Consumer
  readonly tasks: TaskSet
  readonly standbys: StandbyUpdater
}

/** Time for those who give tasks up to hear of it: they ask at once, when they have committed. */
const followUpPauseMs = 50

/** Longer than any topic. */
const lagUnknown = 2 ** 52

/** What a thread tells its group, what it is told, and when it asks for another rebalance. */
export class GroupRole {
  readonly #options: GroupRoleOptions
  #parts: Parts | undefined
  #generation = -1
  #isJoining = false
  #isDisowned = false
  #turn = 0
  #probeAtMs: number | undefined
  #askedForWarmups = false
  #warmupPauseMs: number
  #assignedAtMs = 0
  #followUpPauseMs = followUpPauseMs / 2
  #shutsDown = false
  /** Tasks that were promised to this member, until they have run here. */
  readonly #due = new Set<string>()
  hosts: HostMap = nothingAssigned

  constructor(options: GroupRoleOptions) {
    this.#options = options
    this.#shutsDown = options.endsApplication
    this.#warmupPauseMs = options.config.heartbeatIntervalMs
  }

  /** The parts need the assignor, and the assignor the parts. */
  attach(parts: Parts): void {
    this.#parts = parts
  }

  /** Copies that this thread is to keep. */
  get standby(): readonly string[] {
    return this.hosts.standby ?? []
  }

  /** Whether a rebalance is under way that this thread takes part in: the generation that it knows may pass at any moment. */
  get isJoining(): boolean {
    return this.#isJoining
  }

  /** Whether tasks are to come here that others are giving up. */
  get awaitsTasks(): boolean {
    return this.hosts.promised.length > 0
  }

  /**
   * Whether the leader took somebody else for the owner of a task that runs here: then the group went on without us, and
   * may have committed beyond what we hold.
   */
  get isDisowned(): boolean {
    return this.#isDisowned
  }

  assignor(): GroupAssignor {
    const { client, plan, partitionsOf, config, taskAssignor, onFailure } = this.#options
    return streamsAssignor({
      subtopologies: plan.subtopologies,
      partitionsOf,
      config,
      taskAssignor,
      describeSelf: () => this.#describeSelf(),
      endsOf: (changelogs) => changelogEnds(client, changelogs),
      racksOf: (topics) => partitionRacks(client, topics),
      selfId: () => this.#parts!.consumer.groupMetadata().memberId,
      onAssigned: (hosts, generation) => this.#assigned(hosts, generation),
      onFailure,
      ...(config.faults.movesAtOnce && { movesAtOnce: true }),
    })
  }

  /** When `look` has something to ask for. */
  get asksAtMs(): number | undefined {
    return this.#probeAtMs
  }

  /** Asks for a rebalance when one is due: a warm-up is ready, or it is time to look whether others' are. */
  look(): void {
    const { clock } = this.#options
    const nowMs = clock.now()
    if (this.#probeAtMs !== undefined && nowMs >= this.#probeAtMs) {
      this.#probeAtMs = undefined
      this.ask('to see whether tasks can move')
    }
    if (this.#askedForWarmups || !this.#warmupsAreReady()) return
    // Where records come faster than copies are made, the leader may find them too far behind again: not at once then.
    if (Math.abs(nowMs - this.#assignedAtMs) < this.#warmupPauseMs) return
    this.#askedForWarmups = true
    this.#warmupPauseMs = Math.min(this.#warmupPauseMs * 2, this.#options.config.probingRebalanceIntervalMs)
    this.ask('warm-ups are ready')
  }

  /** Makes the group rebalance, even where nothing else about this member has changed. */
  ask(reason: string): void {
    this.#turn++
    this.#parts!.consumer.requestRejoin(reason)
  }

  /** Ends the whole application: every member is told. */
  askForShutdown(): void {
    this.#shutsDown = true
    this.ask('the application is to shut down')
  }

  /**
   * A task that was promised to this member counts as at home while it is restored, once: state in memory is restored from
   * nothing, and the leader would find it as far behind here as where it came from, and send it to and fro for ever.
   */
  #forgetDue(): void {
    const { all } = this.#parts!.tasks
    for (const text of this.#due) {
      const active = all.find((task) => task.text === text)
      const isPromised = this.hosts.promised.includes(text)
      if (active ? active.isComplete : !isPromised) this.#due.delete(text)
    }
  }

  #warmupsAreReady(): boolean {
    const { warmup = [] } = this.hosts
    const { standbys } = this.#parts!
    return (
      warmup.length > 0 &&
      warmup.every((task) => {
        const lag = standbys.lagOf(task)
        return lag !== undefined && lag <= this.#options.config.acceptableRecoveryLag
      })
    )
  }

  #assigned(hosts: HostMap, generation: number): void {
    const { applicationServer, clock, config } = this.#options
    // One that joins without anything new may be told the assignment that it has, made when the tasks were not here yet.
    const isSame = generation === this.#generation
    this.#isDisowned = !isSame && this.#parts!.tasks.all.some(({ text }) => !hosts.owned.includes(text))
    this.#isJoining = false
    if (hosts.warmup?.join() !== this.hosts.warmup?.join()) this.#warmupPauseMs = config.heartbeatIntervalMs
    for (const task of this.hosts.promised) this.#due.add(task)
    this.hosts = hosts
    this.#generation = generation
    this.#askedForWarmups = false
    this.#assignedAtMs = clock.now()
    this.#probeAtMs = undefined
    if (hosts.refused) return
    if (hosts.probes) this.#probeAtMs = clock.now() + config.probingRebalanceIntervalMs
    // Everybody asks: the tasks on their way are answered for by nobody, and a heartbeat would tell of it late. Again and again
    // only where members are slower than that to give tasks up.
    this.#followUpPauseMs = hosts.followsUp
      ? Math.min(this.#followUpPauseMs * 2, config.heartbeatIntervalMs)
      : followUpPauseMs / 2
    if (hosts.followsUp) this.#probeAtMs = clock.now() + this.#followUpPauseMs
    if (hosts.shutdown) this.#options.onShutdownRequested()
    // Asked while a rebalance was under way that no longer heard of it.
    else if (this.#shutsDown) this.ask('the application is to shut down')
    // A static member that comes back is told the assignment of its former self, which names the address it had then.
    const isFound = applicationServer === undefined || hosts.hosts.some(([host]) => host === applicationServer)
    if (!isFound) this.ask('the address of this instance has changed')
  }

  async #describeSelf(): Promise<Omit<Subscription, 'version'>> {
    const { applicationServer, processId, config, onJoining } = this.#options
    const { consumer, tasks, standbys } = this.#parts!
    this.#isJoining = true
    onJoining()
    this.#forgetDue()
    const offsets: Record<string, number> = {}
    // Whoever was thrown out has what it had then, however complete that was.
    const isMember = consumer.groupMetadata().generationId >= 0
    for (const { text, task, isComplete } of tasks.all) {
      const runs = (isComplete || this.#due.has(text)) && isMember
      offsets[text] = runs ? runsHere : offsetSum(task.changelogs())
    }
    for (const standby of tasks.standbys) {
      const sum = Math.max(standbys.offsetsOf(standby.text), offsetSum(standby.changelogs()))
      // Less what it misses of the user's topics: the leader looks for the ends of changelogs only.
      const less = sum - (standbys.sourceLagOf(standby.text) ?? lagUnknown)
      offsets[standby.text] = less === runsHere ? less - 1 : less
    }
    await this.#addStored(offsets)
    return {
      host: applicationServer ?? null,
      promised: isMember ? this.hosts.promised : [],
      process: processId,
      standby: tasks.standbys.map(({ text }) => text),
      offsets,
      tags: config.clientTags,
      ...(config.clientRack !== undefined && { rack: config.clientRack }),
      turn: this.#turn,
      shape: topologyShape(this.#options.plan.subtopologies),
      ...(this.#shutsDown ? { shutdown: true } : {}),
    }
  }

  async #addStored(offsets: Record<string, number>): Promise<void> {
    const { stores, speaksForDisk } = this.#options
    if (!speaksForDisk) return
    for (const id of stores.storedTasks()) {
      const text = taskIdText(id)
      if (offsets[text] !== undefined) continue
      const stored = await this.#parts!.tasks.storedOffsets(id)
      if (stored !== undefined) offsets[text] = stored
    }
  }
}
