import { type Random, randomInt, seededRandom } from '@millrace/base'
import { runClock, VirtualClock } from '@millrace/base/internal'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import type { PlantedFaults } from '@millrace/streams/internal'
import { market, type SimulatedApplication, shop } from './applications.ts'
import { differingCopies } from './compare-copies.ts'
import type { PlacedOrder } from './expectations.ts'
import { ProcessClock } from './process-clock.ts'
import { readAll } from './read-all.ts'
import { customer, order } from './shop-app.ts'
import { SimulatedBroker } from './simulated-broker.ts'
import { type GroupShape, type Seen, SimulatedInstance } from './simulated-instance.ts'
import { calm, rough, SimulatedNetwork } from './simulated-network.ts'
import { Trace } from './trace.ts'

export interface SeedOptions {
  readonly planted?: PlantedFaults
  /** Told what happens, for whoever looks into a failing seed. */
  readonly log?: (line: string) => void
}

export interface SeedResult {
  readonly seed: number
  /** What differs from a run without crashes; empty when all is well. */
  readonly problems: readonly string[]
  /** The same for the same seed, to the bit. */
  readonly digest: string
  readonly virtualMs: number
  readonly faults: number
  readonly seen: Seen
}

const startMs = 1_700_000_000_000
const monthMs = 30 * 86_400_000
const customers = 12
const orders = 80
/** How long the world is shaken while orders come, and how long it has to settle afterwards. */
const shakenMs = 20_000
const settleMsMax = 90_000

/** One life of the shop under crashes, lost replies, delays and wrong clocks, decided by the seed alone. */
export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const world = new World(seed, options)
  const problems = await world.live()
  const { digest } = world.trace
  return { seed, problems, digest, virtualMs: world.clock.now() - startMs, faults: world.faults, seen: world.seen }
}

class World {
  readonly clock = new VirtualClock(startMs)
  readonly trace = new Trace()
  faults = 0
  readonly seen: Seen = { standbyRecords: 0, promotions: 0, restoredRecords: 0 }
  readonly #seed: number
  readonly #app: SimulatedApplication
  readonly #random: Random
  readonly #log: (line: string) => void
  readonly #broker: SimulatedBroker
  readonly #network: SimulatedNetwork
  readonly #instances: SimulatedInstance[]
  readonly #observer: KafkaClient
  readonly #countries = new Map<string, string>()
  readonly #orders: PlacedOrder[] = []
  readonly #fatal: string[] = []
  #shaking = false
  /** Where the application was behind when it was last looked at. */
  #behind: readonly string[] = []

  constructor(seed: number, options: SeedOptions) {
    this.#seed = seed
    this.#app = seed % 4 === 3 ? market : shop
    this.#random = seededRandom(seed)
    this.#log = (line) => options.log?.(`${String(this.clock.now() - startMs).padStart(7)} ${line}`)
    this.#broker = new SimulatedBroker(this.clock, this.#random)
    const { clock, trace } = this
    const random = this.#random
    this.#network = new SimulatedNetwork({ clock, random, broker: this.#broker, trace })
    const shape = shapeOf(seed)
    this.#log(`${shape.instances} instances, ${shape.threads} threads each, ${shape.standbys} standbys`)
    this.#instances = ['one', 'two', 'three'].slice(0, shape.instances).map(
      (name) =>
        new SimulatedInstance({
          name,
          clock,
          random,
          network: this.#network,
          app: this.#app.topology,
          planted: options.planted ?? {},
          shape,
          seen: this.seen,
          onFailure: (error) => this.#log(`${name}: ${describe(error)}`),
        }),
    )
    const link = { process: new ProcessClock(clock), name: 'observer', faults: calm, isCut: false }
    this.#observer = kafkaClient({
      brokers: 'broker:9092',
      clientId: 'observer',
      transport: this.#network.transport(link),
      clock: link.process,
      random: seededRandom(seed),
      requestTimeoutMs: 5_000,
      operationTimeoutMs: settleMsMax,
    })
  }

  async live(): Promise<string[]> {
    this.#broker.start()
    const story = this.#story()
    let ended = false
    let failure: unknown
    story.then(
      () => {
        ended = true
      },
      (error: unknown) => {
        ended = true
        failure = error
      },
    )
    const untilMs = this.clock.now() + shakenMs + settleMsMax
    const finished = await runClock(this.clock, { untilMs, done: () => ended || this.#fatal.length > 0 })
    if (failure) return [describe(failure)]
    if (this.#fatal.length > 0) return this.#fatal
    return finished ? await story : ['the run did not end', ...this.#behind]
  }

  async #story(): Promise<string[]> {
    await this.#observer.admin.createTopics(
      [customer.name, order.name, ...this.#app.outputs].map((name) => ({
        name,
        partitions: 2,
        // Records are older than the run.
        config: { 'retention.ms': '-1' },
      })),
    )
    const producer = this.#observer.producer({ deliveryTimeoutMs: settleMsMax })
    await this.#placeCustomers(producer)
    for (const instance of this.#instances) this.#start(instance)
    await this.#drained()
    this.#shaking = true
    for (const instance of this.#instances) instance.faults = rough
    this.#shakeInstances()
    this.#shakeBroker()
    await this.#placeOrders(producer)
    this.#shaking = false
    this.#calmDown()
    await this.#drained()
    await this.#stable()
    const outputs = await readAll(this.#observer, this.#app.outputs, 2)
    const inputs = await readAll(this.#observer, [order.name], 2)
    const problems = this.#app.differences(outputs, this.#orders, this.#countries)
    // Otherwise the application is blamed for what its input was.
    if (inputs.length !== this.#orders.length)
      problems.unshift(`there are ${inputs.length} orders, not ${this.#orders.length}`)
    problems.push(...(await this.#copiesThatDiffer()))
    for (const line of problems) this.#log(line)
    this.trace.note(JSON.stringify(outputs))
    return problems
  }

  #start(instance: SimulatedInstance): void {
    instance.start(this.#shaking ? rough : calm)
    const runtime = instance.runtime!
    runtime.onStateChange((state) => this.#log(`${instance.name} is ${state}`))
    runtime.finished.catch((error: unknown) => {
      if (instance.runtime === runtime) this.#fatal.push(`${instance.name} stopped: ${describe(error)}`)
    })
  }

  async #placeCustomers(producer: ReturnType<KafkaClient['producer']>): Promise<void> {
    for (let i = 0; i < customers; i++) {
      const country = ['AT', 'CH', 'DE'][i % 3]!
      this.#countries.set(`c${i}`, country)
      await producer.send({
        topic: customer.name,
        key: Buffer.from(customer.key.serialize(`c${i}`)),
        value: Buffer.from(customer.value.serialize({ country })),
        timestamp: startMs - 2 * monthMs,
      })
    }
  }

  /** Some come in bursts, some alone; their own time runs over a month, so that all windows turn. */
  async #placeOrders(producer: ReturnType<KafkaClient['producer']>): Promise<void> {
    const gapMs = shakenMs / orders
    let timestampMs = startMs - monthMs
    for (let i = 0; i < orders; i++) {
      timestampMs += randomInt(this.#random, monthMs) / orders
      timestampMs = Math.floor(timestampMs)
      const placed = {
        id: `o${i}`,
        customer: `c${randomInt(this.#random, customers)}`,
        cents: 1 + randomInt(this.#random, 10_000),
      }
      this.#orders.push({ ...placed, timestampMs })
      await producer.send({
        topic: order.name,
        key: Buffer.from(order.key.serialize(placed.id)),
        value: Buffer.from(order.value.serialize(placed)),
        timestamp: timestampMs,
      })
      if (this.#random.next() < 0.4) await this.#wait(randomInt(this.#random, gapMs * 5))
    }
  }

  #shakeInstances(): void {
    if (!this.#shaking) return
    const instance = this.#instances[randomInt(this.#random, this.#instances.length)]!
    this.#harm(instance)
    this.clock.after(200 + randomInt(this.#random, 2_500), () => this.#shakeInstances())
  }

  #harm(instance: SimulatedInstance): void {
    if (!instance.isRunning) return
    this.faults++
    const dice = this.#random.next()
    if (dice < 0.35) this.#kill(instance, dice < 0.05)
    else if (dice < 0.45) this.#leave(instance)
    else if (dice < 0.5) this.#pause(instance)
    else if (dice < 0.55) this.#changeThreads(instance)
    else if (dice < 0.7) {
      const forMs = randomInt(this.#random, 6_000)
      this.#log(`${instance.name} is cut off for ${forMs} ms`)
      instance.isCut = true
      this.clock.after(forMs, () => {
        instance.isCut = false
      })
    } else if (dice < 0.82) {
      // Set back by as much as a time service would; the client's waits last longer by that.
      const byMs =
        randomInt(this.#random, 2) === 0 ? randomInt(this.#random, 3_600_000) : -randomInt(this.#random, 2_000)
      this.#log(`the clock of ${instance.name} jumps by ${byMs} ms`)
      instance.setClock(byMs)
    } else {
      this.#log(`the disk of ${instance.name} fails`)
      instance.failDisk(1)
    }
  }

  #kill(instance: SimulatedInstance, losesDisk: boolean): void {
    const forMs = randomInt(this.#random, 4_000)
    this.#log(`${instance.name} is killed for ${forMs} ms${losesDisk ? ' and loses its disk' : ''}`)
    instance.kill()
    if (losesDisk) instance.loseDisk()
    this.clock.after(forMs, () => {
      if (!instance.isRunning) this.#start(instance)
    })
  }

  /** An orderly end, and a start after a while: the group rebalances twice. */
  #leave(instance: SimulatedInstance): void {
    const forMs = randomInt(this.#random, 3_000)
    this.#log(`${instance.name} leaves for ${forMs} ms`)
    void instance.close().then(() => {
      this.clock.after(forMs, () => {
        if (!instance.isRunning) this.#start(instance)
      })
    })
  }

  #pause(instance: SimulatedInstance): void {
    const forMs = randomInt(this.#random, 3_000)
    this.#log(`${instance.name} is paused for ${forMs} ms`)
    const { runtime } = instance
    runtime?.pause()
    this.clock.after(forMs, () => runtime?.resume())
  }

  /** One thread more, and after a while one less. */
  #changeThreads(instance: SimulatedInstance): void {
    const forMs = 500 + randomInt(this.#random, 3_000)
    this.#log(`${instance.name} has another thread for ${forMs} ms`)
    const { runtime } = instance
    if (runtime?.addThread() === undefined) return
    this.clock.after(forMs, () => void runtime.removeThread())
  }

  #shakeBroker(): void {
    this.clock.after(2_000 + randomInt(this.#random, 8_000), () => {
      if (!this.#shaking) return
      this.#shakeBroker()
      if (!this.#broker.core) return
      this.faults++
      const forMs = randomInt(this.#random, 3_000)
      this.#log(`the broker is killed for ${forMs} ms`)
      this.#broker.kill()
      this.clock.after(forMs, () => {
        this.#log('the broker starts')
        this.#broker.start()
      })
    })
  }

  #calmDown(): void {
    this.#log('calm')
    for (const instance of this.#instances) {
      instance.faults = calm
      instance.isCut = false
      instance.failDisk(0)
      instance.runtime?.resume()
      if (!instance.isRunning) this.#start(instance)
    }
  }

  /** Until the application has committed everything that lies in its inputs, its own repartition topics included. */
  async #drained(): Promise<void> {
    for (;;) {
      const topics = await this.#observer.admin.listTopics().catch(() => [])
      // Of its own topics those that it reads: repartition topics, and those of joins by foreign keys.
      const own = topics.filter(({ name }) => name.startsWith(`${this.#app.id}-`) && /-(repartition|topic)$/.test(name))
      const inputs = [customer.name, order.name, ...own.map(({ name }) => name)]
      const committed = await this.#observer.admin.committedOffsets(this.#app.id).catch(() => [])
      const offsetOf = new Map(committed.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]))
      const partitions = inputs.flatMap((topic) => [0, 1].map((partition) => ({ topic, partition })))
      const ends = await this.#observer.admin
        .listOffsets(
          partitions.map((one) => ({ ...one, at: 'latest' as const })),
          { isolation: 'read_uncommitted' },
        )
        .catch(() => [])
      this.#behind = ends.flatMap(({ topic, partition, offset }) => {
        const committed = offsetOf.get(`${topic}/${partition}`) ?? 0
        const stable = this.#broker.core?.partition(topic, partition)?.lastStableOffset
        return committed >= offset
          ? []
          : [`${topic}/${partition}: ${committed} of ${offset} committed, stable to ${stable}`]
      })
      if (ends.length > 0 && own.length > 0 && this.#behind.length === 0) return
      await this.#wait(200)
    }
  }

  /**
   * Until no transaction is open any more on what was written. One of a thread that died, and whose number nobody has after
   * the restart, holds readers back until the broker ends it.
   */
  async #stable(): Promise<void> {
    const partitions = this.#app.outputs.flatMap((topic) =>
      [0, 1].map((partition) => ({ topic, partition, at: 'latest' as const })),
    )
    const ends = (isolation: 'read_committed' | 'read_uncommitted') =>
      this.#observer.admin.listOffsets(partitions, { isolation })
    for (;;) {
      const [stable, all] = [await ends('read_committed'), await ends('read_uncommitted')]
      if (all.every(({ offset }, i) => stable[i]!.offset >= offset)) return
      await this.#wait(200)
    }
  }

  /** Every standby copy comes to hold what the task that runs holds, and there is one wherever there should be. */
  async #copiesThatDiffer(): Promise<string[]> {
    for (let waits = 0; ; waits++) {
      const differing = await differingCopies(this.#instances, this.#app, shapeOf(this.#seed))
      if (differing.length === 0 || waits === 150) return differing
      await this.#wait(200)
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve)
    })
  }
}

/** Every kind of group takes its turn. */
function shapeOf(seed: number): GroupShape {
  return {
    instances: seed % 3 === 0 ? 3 : 2,
    threads: seed % 4 === 0 ? 2 : 1,
    standbys: seed % 2,
    acceptableRecoveryLag: [10_000, 5, 0][(seed % 5) % 3]!,
  }
}

function describe(error: unknown): string {
  const parts: string[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    parts.push(`${(cause as { code?: string }).code ?? cause.name}: ${cause.message}`)
  }
  return parts.length > 0 ? parts.join(' <- ') : String(error)
}
