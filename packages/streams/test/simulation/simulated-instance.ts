import { type Clock, type Random, randomInt, seededRandom, sleep } from '@millrace/base'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import {
  defaultTaskConfig,
  failLoudly,
  MemoryStateStores,
  type PlantedFaults,
  resolveConfig,
  runnable,
  StreamsRuntime,
} from '@millrace/streams/internal'
import { FailingStores, SharedDisk } from './failing-stores.ts'
import { mistakenTasks } from './mistaken-tasks.ts'
import type { PlantedMistakes } from './planted-mistakes.ts'
import { ProcessClock } from './process-clock.ts'
import type { SimulatedApplication } from './simulated-application.ts'
import { type CutAtCommit, calm, type Link, type NetworkFaults, type SimulatedNetwork } from './simulated-network.ts'

export interface InstanceOptions {
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly network: SimulatedNetwork
  readonly app: SimulatedApplication
  readonly planted: PlantedFaults & PlantedMistakes
  readonly shape: GroupShape
  readonly seen: Seen
  readonly onFailure: (error: unknown) => void
}

/** How the application is run, the same for all of its instances. */
export interface GroupShape {
  readonly instances: number
  readonly threads: number
  readonly standbys: number
  /** What a copy may miss to be handed its task: small, so that warm-ups are needed. */
  readonly acceptableRecoveryLag: number
  /** Long: a member that was cut off comes back to its place, with a commit of which nobody told it what became of it. */
  readonly sessionTimeoutMs: number
  /** Members have names that they keep through restarts (KIP-345). */
  readonly isStatic: boolean
}

/** What the runs of a seed went through, so that a test sees that it is not idle. */
export interface Seen {
  standbyRecords: number
  promotions: number
  restoredRecords: number
  /** Processes that ended because another had their name. */
  fenced: number
}

/** Timers of the runtime are short, so that a run sees many sessions, transactions and time-outs end. */
const limits = {
  heartbeatIntervalMs: 300,
  rebalanceTimeoutMs: 5_000,
  transactionTimeoutMs: 3_000,
  retryDelayMsMin: 20,
  retryDelayMsMax: 500,
  sliceRecordsMax: 40,
  batchMaxBytes: 1_000,
  cacheMaxBytes: 2_000,
  restoreFailuresMax: 50,
  probingRebalanceIntervalMs: 1_500,
  repartitionPurgeIntervalMs: 700,
  stateCleanupDelayMs: 10_000,
  standbyFetchMaxBytes: 600,
}

/** What outlives a process, unless the machine is lost. */
class Disk {
  readonly stores = new MemoryStateStores()
  threadsHad = 0
}

/** A process at work. */
interface Started {
  readonly runtime: StreamsRuntime
  readonly client: KafkaClient
  readonly link: Link
  readonly shared: SharedDisk
  readonly disk: Disk
}

/** A machine with a disk, on which an instance of the application runs, dies and is started again. */
export class SimulatedInstance {
  readonly name: string
  readonly #options: InstanceOptions
  #disk = new Disk()
  #started: Started | undefined
  /** Processes that were replaced while they lived, and live on under the instance's name: the group is to put them out. */
  readonly #former = new Set<Started>()
  #isContested = false
  /** Of the instance's wall clock, against true time; lives on through restarts. */
  offsetMs = 0

  constructor(options: InstanceOptions) {
    this.#options = options
    this.name = options.name
  }

  get runtime(): StreamsRuntime | undefined {
    return this.#started?.runtime
  }

  get isRunning(): boolean {
    return this.#started !== undefined
  }

  /** Processes that were replaced and have not noticed. */
  get formerAlive(): number {
    return this.#former.size
  }

  start(faults: NetworkFaults = calm): void {
    const { clock, network, app, planted, shape, seen, random, onFailure } = this.#options
    const process = new ProcessClock(clock, this.offsetMs)
    const link: Link = { process, name: this.name, faults, isCut: false }
    const chance = seededRandom(randomInt(random, 2 ** 31))
    const client = kafkaClient({
      brokers: 'broker:9092',
      clientId: this.name,
      transport: network.transport(link),
      clock: process,
      random: chance,
      requestTimeoutMs: 1_000,
      operationTimeoutMs: 4_000,
      retryDelayMsMin: 10,
      retryDelayMsMax: 200,
    })
    const shared = new SharedDisk()
    const disk = this.#disk
    const { threads, standbys: numStandbyReplicas, acceptableRecoveryLag, sessionTimeoutMs, isStatic } = shape
    const runtime = new StreamsRuntime({
      client,
      plan: runnable(app.topology(planted)).plan(),
      createTask: mistakenTasks(planted),
      taskConfig: { ...defaultTaskConfig, handlers: failLoudly },
      config: resolveConfig({
        ...limits,
        processingGuarantee: app.guarantee ?? 'exactly_once',
        commitIntervalMs: app.guarantee === undefined ? 100 : 300,
        numStandbyReplicas,
        acceptableRecoveryLag,
        sessionTimeoutMs,
        ...(isStatic && { groupInstanceId: this.name }),
        faults: planted,
      }),
      stores: new FailingStores(disk.stores, shared, 1),
      storesOf: (thread) => new FailingStores(disk.stores, shared, thread),
      threads,
      threadMemory: {
        recall: () => disk.threadsHad,
        remember: (count) => {
          if (!shared.isDead) disk.threadsHad = count
        },
      },
      restoreListener: {
        onBatchRestored: ({ records }) => {
          seen.restoredRecords += records
        },
        onBatchLoaded: ({ records }) => {
          seen.standbyRecords += records
        },
        onUpdateSuspended: ({ reason }) => {
          if (reason === 'promoted') seen.promotions++
        },
      },
      clock: process,
      random: chance,
      instanceId: this.name,
      applicationServer: `${this.name}:80`,
      yieldNow: () => sleep(process, 0),
      onFailure,
    })
    this.#started = { runtime, client, link, shared, disk }
    this.#isContested = false
  }

  /**
   * Another process takes the instance's name, on a machine of its own, while this one is cut off: as an orchestrator does with
   * a machine that does not answer.
   */
  replace(faults: NetworkFaults): void {
    const before = this.#started
    if (!before) return
    before.link.isCut = true
    this.#former.add(before)
    before.runtime.finished.catch(() => undefined).finally(() => this.#former.delete(before))
    this.loseDisk()
    this.start(faults)
    this.#isContested = true
  }

  /** Those that were replaced can be heard of again. */
  reconnectFormer(faults?: NetworkFaults): void {
    for (const { link } of this.#former) {
      link.isCut = false
      if (faults) link.faults = faults
    }
  }

  /** Whether the process that runs has shared the instance's name with another one. */
  get isContested(): boolean {
    return this.#isContested
  }

  /** The group has put this process out for one that was there before, which came back later: that one is the instance then. */
  giveWay(): boolean {
    const [former] = this.#former
    if (!former) return false
    this.#former.delete(former)
    // Of two processes with two threads each may have won one of the names.
    this.#isContested = true
    this.#started = former
    this.#disk = former.disk
    return true
  }

  set faults(faults: NetworkFaults) {
    if (this.#started) this.#started.link.faults = faults
  }

  /** Cuts the instance off at its next commit; undefined takes that back. */
  set cutsAtCommit(cut: CutAtCommit | undefined) {
    const link = this.#started?.link
    if (!link) return
    if (cut === undefined) delete link.cutsAtCommit
    else link.cutsAtCommit = cut
  }

  set isCut(isCut: boolean) {
    if (this.#started) this.#started.link.isCut = isCut
  }

  /** SIGKILL: nothing more happens in the process, not even the end of what it was doing. */
  kill(): void {
    if (!this.#started) return
    this.#started.link.process.kill()
    this.#started.shared.isDead = true
    this.#started = undefined
  }

  /** The machine comes back without its disk. */
  loseDisk(): void {
    this.#disk = new Disk()
  }

  /** The next writes to the disk fail. */
  failDisk(times: number): void {
    if (this.#started) this.#started.shared.failures = times
  }

  setClock(byMs: number): void {
    this.offsetMs += byMs
    this.#started?.link.process.jump(byMs)
  }

  /** Ends in an orderly way: its tasks go to the others, once its place in the group is free. */
  async close(): Promise<void> {
    const started = this.#started
    this.#started = undefined
    await started?.runtime.close()
    await started?.client.close()
  }
}
