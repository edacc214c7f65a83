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
import { calm, type Link, type NetworkFaults, type SimulatedNetwork } from './simulated-network.ts'

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
}

/** What the runs of a seed went through, so that a test sees that it is not idle. */
export interface Seen {
  standbyRecords: number
  promotions: number
  restoredRecords: number
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

/** A machine with a disk, on which an instance of the application runs, dies and is started again. */
export class SimulatedInstance {
  readonly name: string
  readonly #options: InstanceOptions
  #disk = new MemoryStateStores()
  #threadsHad = 0
  #shared = new SharedDisk()
  #link: Link | undefined
  #client: KafkaClient | undefined
  runtime: StreamsRuntime | undefined
  /** Of the instance's wall clock, against true time; lives on through restarts. */
  offsetMs = 0

  constructor(options: InstanceOptions) {
    this.#options = options
    this.name = options.name
  }

  get isRunning(): boolean {
    return this.runtime !== undefined
  }

  start(faults: NetworkFaults = calm): void {
    const { clock, network, app, planted, shape, seen, random, onFailure } = this.#options
    const process = new ProcessClock(clock, this.offsetMs)
    this.#link = { process, name: this.name, faults, isCut: false }
    const chance = seededRandom(randomInt(random, 2 ** 31))
    this.#client = kafkaClient({
      brokers: 'broker:9092',
      clientId: this.name,
      transport: network.transport(this.#link),
      clock: process,
      random: chance,
      requestTimeoutMs: 1_000,
      operationTimeoutMs: 4_000,
      retryDelayMsMin: 10,
      retryDelayMsMax: 200,
    })
    const shared = new SharedDisk()
    this.#shared = shared
    const disk = this.#disk
    const { threads, standbys: numStandbyReplicas, acceptableRecoveryLag, sessionTimeoutMs } = shape
    this.runtime = new StreamsRuntime({
      client: this.#client,
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
        faults: planted,
      }),
      stores: new FailingStores(disk, shared, 1),
      storesOf: (thread) => new FailingStores(disk, shared, thread),
      threads,
      threadMemory: {
        recall: () => this.#threadsHad,
        remember: (count) => {
          if (!shared.isDead) this.#threadsHad = count
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
  }

  set faults(faults: NetworkFaults) {
    if (this.#link) this.#link.faults = faults
  }

  /** Cuts the instance off when its next commit has arrived, until told otherwise; undefined takes that back. */
  set cutsAtCommitMs(forMs: number | undefined) {
    if (!this.#link) return
    if (forMs === undefined) delete this.#link.cutsAtCommitMs
    else this.#link.cutsAtCommitMs = forMs
  }

  set isCut(isCut: boolean) {
    if (this.#link) this.#link.isCut = isCut
  }

  /** SIGKILL: nothing more happens in the process, not even the end of what it was doing. */
  kill(): void {
    this.#link?.process.kill()
    this.#shared.isDead = true
    this.runtime = undefined
    this.#client = undefined
  }

  /** The machine comes back without its disk. */
  loseDisk(): void {
    this.#disk = new MemoryStateStores()
    this.#threadsHad = 0
  }

  /** The next writes to the disk fail. */
  failDisk(times: number): void {
    this.#shared.failures = times
  }

  setClock(byMs: number): void {
    this.offsetMs += byMs
    this.#link?.process.jump(byMs)
  }

  /** Ends in an orderly way: its tasks go to the others. */
  async close(): Promise<void> {
    const { runtime } = this
    const client = this.#client
    this.runtime = undefined
    this.#client = undefined
    await runtime?.close()
    await client?.close()
  }
}
