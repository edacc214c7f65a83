import { type Random, randomInt, seededRandom } from '@millrace/base'
import { runClock, VirtualClock } from '@millrace/base/internal'
import type { Anomaly } from './checker/anomaly.ts'
import { checkHistory } from './checker/check-history.ts'
import { type History, Recorder } from './history.ts'
import { Machine, type MachineFaults } from './simulation/machine.ts'
import { Nemesis } from './simulation/nemesis.ts'
import { calm, Network, rough, type Tamper } from './simulation/network.ts'
import { runConsumerGroupMember } from './workload/consumer-group-member.ts'
import { readOffsets, runMember, runProcessor, runReader, runWatcher } from './workload/consumers.ts'
import { readEverything } from './workload/final-reads.ts'
import { runProducer, runTransactions } from './workload/producers.ts'
import { ClientProcess, describe, logTopic, outTopic, partitions, type World } from './workload/world.ts'

/** What a planted bug does to broker, disk and wire. */
export interface Bug {
  readonly machine?: MachineFaults
  /** A new one per run: it may remember. */
  readonly tamper?: () => Tamper
  /** The bug shows under this policy only. */
  readonly durability?: 'write' | 'fsync'
}

export interface HistoryResult {
  readonly seed: number
  readonly anomalies: readonly Anomaly[]
  /** What no client should have seen, and runs that do not end. */
  readonly failures: readonly string[]
  readonly history: History
  readonly faults: number
  readonly events: readonly { readonly atMs: number; readonly text: string }[]
}

const startMs = 1_700_000_000_000
/** How long clients work while things go wrong, and how long they may take to come to rest. */
const shakenMs = 2_500
const settleMsMax = 60_000
const groups = ['readers', 'processors', 'consumers']

type Role = { readonly name: string; readonly run: (process: ClientProcess) => Promise<void> }

/** One seed: clients at work at a broker that crashes, over a network that loses, and what they saw of it. */
export async function runHistory(seed: number, bug: Bug = {}): Promise<HistoryResult> {
  const run = new Run(seed, bug)
  await run.live()
  const history = run.recorder.calls
  // A history that did not come to its final reads proves nothing lost.
  const anomalies = run.failures.length > 0 ? [] : checkHistory(history)
  return {
    seed,
    anomalies: [...run.hanging, ...anomalies],
    failures: run.failures,
    history,
    faults: run.faults,
    events: run.events,
  }
}

class Run implements World {
  readonly clock = new VirtualClock(startMs)
  readonly random: Random
  readonly recorder = new Recorder(() => this.clock.now() - startMs)
  readonly network: Network
  readonly failures: string[] = []
  readonly hanging: Anomaly[] = []
  readonly events: { atMs: number; text: string }[] = []
  running = true
  faults = 0
  readonly #machine: Machine
  readonly #roles: Role[]
  readonly #lives = new Map<string, number>()
  readonly #processes = new Set<ClientProcess>()

  constructor(seed: number, bug: Bug) {
    this.random = seededRandom(seed)
    const durability = bug.durability ?? (randomInt(this.random, 2) === 0 ? 'write' : 'fsync')
    const transactionVersion = randomInt(this.random, 3) === 0 ? 1 : 2
    const { clock, random } = this
    this.#machine = new Machine({ clock, random, durability, faults: bug.machine ?? {} })
    const tamper = bug.tamper?.() ?? {}
    this.network = new Network({ clock, random, machine: this.#machine, tamper, transactionVersion })
    const cooperative = randomInt(this.random, 2) === 0
    // A group whose members are on their way from the classic protocol to KIP-848, or back.
    const mixed = randomInt(this.random, 3) === 0
    const traits = [
      durability,
      `transactions version ${transactionVersion}`,
      cooperative && 'cooperative',
      mixed && 'mixed',
    ]
    this.#log(traits.filter(Boolean).join(', '))
    this.#roles = [
      { name: 'producer-a', run: runProducer },
      { name: 'producer-b', run: runProducer },
      { name: 'txn-a', run: (process) => runTransactions(process, 'txn-a') },
      { name: 'txn-b', run: (process) => runTransactions(process, 'txn-b') },
      { name: 'member-a', run: (process) => runMember(process, 'readers', cooperative) },
      { name: 'member-b', run: (process) => runMember(process, 'readers', cooperative) },
      { name: 'consumer-a', run: (process) => runConsumerGroupMember(process, 'consumers') },
      {
        name: 'consumer-b',
        run: (process) =>
          mixed && process.chance(0.6)
            ? runMember(process, 'consumers', cooperative)
            : runConsumerGroupMember(process, 'consumers'),
      },
      { name: 'processor-a', run: (process) => runProcessor(process, 'processors', 'processor-a') },
      { name: 'processor-b', run: (process) => runProcessor(process, 'processors', 'processor-b') },
      { name: 'committed', run: (process) => runReader(process, 'read_committed') },
      { name: 'uncommitted', run: (process) => runReader(process, 'read_uncommitted') },
      { name: 'watcher', run: (process) => runWatcher(process, groups) },
    ]
  }

  async live(): Promise<void> {
    this.#machine.start()
    let ended = false
    const story = this.#story()
      .catch((error: unknown) => {
        this.failures.push(describe(error))
      })
      .finally(() => {
        ended = true
      })
    const untilMs = this.clock.now() + shakenMs + settleMsMax
    const finished = await runClock(this.clock, { untilMs, done: () => ended || this.failures.length > 0 })
    if (!finished) this.failures.push('the run did not end')
    if (this.network.broken) this.failures.push(this.network.broken.stack ?? describe(this.network.broken))
    if (ended) await story
    for (const process of this.#processes) process.kill()
  }

  async #story(): Promise<void> {
    const observer = new ClientProcess(this, 'observer')
    await observer.client.admin.createTopics(
      [logTopic, outTopic].map((name) => ({
        name,
        partitions,
        config: { 'retention.ms': '-1', 'segment.bytes': '3000' },
      })),
    )
    for (const role of this.#roles) this.#start(role)
    this.network.faults = rough
    const nemesis = new Nemesis({
      clock: this.clock,
      random: this.random,
      machine: this.#machine,
      processes: () => [...this.#processes],
      succeed: () => this.#start(this.#roles[2 + randomInt(this.random, 2)]!),
      log: (line) => this.#log(line),
    })
    await this.#wait(shakenMs)
    nemesis.stop()
    this.#calm()
    // One more life of each, in peace: groups go on to the end, and successors end what their predecessors left open.
    for (const role of this.#roles) if (!this.#isRunning(role)) this.#start(role)
    await this.#wait(1_000)
    this.running = false
    while (this.#processes.size > 0) await this.#wait(50)
    this.faults = nemesis.count + this.network.count
    for (const group of groups) await readOffsets(observer, group)
    await this.#final(observer)
  }

  async #final(observer: ClientProcess): Promise<void> {
    const open = await readEverything(observer)
    for (const partition of open) {
      this.hanging.push({
        kind: 'hanging-transaction',
        witness: `${partition} has an open transaction, and nobody is there`,
      })
    }
  }

  #calm(): void {
    this.#log('calm')
    this.network.faults = calm
    this.#machine.dieAfter(Number.POSITIVE_INFINITY)
    for (const process of this.#processes) process.link.isCut = false
  }

  #isRunning({ name }: Role): boolean {
    return [...this.#processes].some((process) => process.name.startsWith(`${name}.`))
  }

  /** Starts a life of a role; when it ends, another follows after a while. */
  #start(role: Role): void {
    const life = (this.#lives.get(role.name) ?? 0) + 1
    this.#lives.set(role.name, life)
    const process = new ClientProcess(this, `${role.name}.${life}`)
    this.#processes.add(process)
    const kill = process.kill.bind(process)
    let done = false
    const ended = (): void => {
      if (done) return
      done = true
      this.#processes.delete(process)
      this.clock.after(50 + randomInt(this.random, 500), () => {
        if (this.running && !this.#isRunning(role)) this.#start(role)
      })
    }
    process.kill = () => {
      kill()
      ended()
    }
    role.run(process).then(ended, (error: unknown) => {
      if (process.isDead) return
      if (!isKafkaError(error)) this.failures.push(`${process.name}: ${(error as Error).stack ?? describe(error)}`)
      else this.#log(`${process.name} ends: ${describe(error)}`)
      process.client.close().catch(() => undefined)
      ended()
    })
  }

  #log(text: string): void {
    this.events.push({ atMs: this.clock.now() - startMs, text })
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve)
    })
  }
}

function isKafkaError(error: unknown): boolean {
  return (
    typeof (error as { code?: unknown }).code === 'string' &&
    String((error as { code: string }).code).startsWith('KAFKA_')
  )
}
