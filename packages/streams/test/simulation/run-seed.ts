import { type Random, randomInt, seededRandom } from '@millrace/base'
import { runClock, VirtualClock } from '@millrace/base/internal'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import type { PlantedFaults } from '@millrace/streams/internal'
import { applications } from './applications/applications.ts'
import { differingCopies } from './compare-copies.ts'
import { inputs } from './contracts.ts'
import { closingEvents, firstEvents, type Placed, roundEvents, rounds, startMs } from './events.ts'
import { Harm } from './harm.ts'
import type { PlantedMistakes } from './planted-mistakes.ts'
import { ProcessClock } from './process-clock.ts'
import { readAll } from './read-all.ts'
import { differencesFrom } from './reference.ts'
import { behind, isStable } from './settled.ts'
import type { SimulatedApplication } from './simulated-application.ts'
import { SimulatedBroker } from './simulated-broker.ts'
import { type GroupShape, type Seen, SimulatedInstance } from './simulated-instance.ts'
import { calm, SimulatedNetwork } from './simulated-network.ts'
import { Trace } from './trace.ts'

export interface SeedOptions {
  /** Every application has its turn unless one is named. */
  readonly app?: string
  readonly planted?: PlantedFaults & PlantedMistakes
  /** Told what happens, for whoever looks into a failing seed. */
  readonly log?: (line: string) => void
}

export interface SeedResult {
  readonly seed: number
  readonly app: string
  /** What differs from a run without crashes; empty when all is well. */
  readonly problems: readonly string[]
  /** The same for the same seed, to the bit. */
  readonly digest: string
  readonly virtualMs: number
  readonly faults: number
  readonly seen: Seen
}

const ordersPerRound = 25
/** How long a round of orders takes, and how long the world has to settle after each. */
const shakenMs = 5_000
const closingMs = 1_200
const settleMsMax = 45_000
/**
 * Copies follow, and punctuations by the clock come, a while later; and the tasks of a static member that is not coming back when
 * its session is over, which each rebalance begins anew.
 */
const looks = 300
/** A group at rest is not heard of for so long; whoever looks whether tasks can move does so more often. */
const restMs = 2_000
const restsMax = 15

/** One life of an application under crashes, lost replies, delays and wrong clocks, decided by the seed alone. */
export async function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedResult> {
  const world = new World(seed, options)
  const problems = await world.live()
  const { app, seen, trace, clock, faults } = world
  return { seed, app: app.id, problems, digest: trace.digest, virtualMs: clock.now() - startMs, faults, seen }
}

class World {
  readonly clock = new VirtualClock(startMs)
  readonly trace = new Trace()
  readonly app: SimulatedApplication
  readonly seen: Seen = { standbyRecords: 0, promotions: 0, restoredRecords: 0, fenced: 0 }
  readonly #shape: GroupShape
  readonly #random: Random
  readonly #log: (line: string) => void
  readonly #broker: SimulatedBroker
  readonly #network: SimulatedNetwork
  readonly #instances: SimulatedInstance[]
  readonly #observer: KafkaClient
  readonly #harm: Harm
  readonly #events: Placed[] = []
  readonly #fatal: string[] = []
  /** What was waited for when it was last looked at. */
  #lacking: readonly string[] = []

  constructor(seed: number, options: SeedOptions) {
    this.app = appOf(seed, options.app)
    this.#shape = shapeOf(seed)
    this.#random = seededRandom(seed)
    this.#log = (line) => options.log?.(`${String(this.clock.now() - startMs).padStart(7)} ${line}`)
    this.#broker = new SimulatedBroker(this.clock, this.#random)
    const { clock, trace } = this
    const random = this.#random
    const network = new SimulatedNetwork({ clock, random, broker: this.#broker, trace })
    this.#network = network
    const shape = this.#shape
    const { instances, threads, standbys, isStatic } = shape
    const kind = isStatic ? 'static' : 'dynamic'
    this.#log(`${this.app.id}: ${instances} instances, ${threads} threads each, ${standbys} standbys, ${kind} members`)
    this.#instances = ['one', 'two', 'three'].slice(0, instances).map((name) => {
      const { app, seen } = this
      const onFailure = (error: unknown): void => this.#log(`${name}: ${describe(error)}`)
      const planted = options.planted ?? {}
      return new SimulatedInstance({ name, clock, random, network, app, planted, shape, seen, onFailure })
    })
    this.#harm = new Harm({
      clock,
      random,
      broker: this.#broker,
      instances: this.#instances,
      start: (instance) => this.#start(instance),
      replaced: (instance) => this.#watch(instance),
      // At least once nothing keeps the one from writing over what the other has made since, which has its name at once: no
      // session has to pass first.
      replaces: isStatic && this.app.guarantee !== 'at_least_once',
      log: this.#log,
    })
    const link = { process: new ProcessClock(clock), name: 'observer', faults: calm, isCut: false }
    this.#observer = kafkaClient({
      brokers: 'broker:9092',
      clientId: 'observer',
      transport: network.transport(link),
      clock: link.process,
      random: seededRandom(seed),
      requestTimeoutMs: 5_000,
      operationTimeoutMs: settleMsMax,
    })
  }

  get faults(): number {
    return this.#harm.faults
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
    const untilMs = this.clock.now() + (rounds + 1) * (shakenMs + settleMsMax)
    const finished = await runClock(this.clock, { untilMs, done: () => ended || this.#fatal.length > 0 })
    if (failure) return [describe(failure)]
    if (this.#fatal.length > 0) return this.#fatal
    return finished ? await story : ['the run did not end', ...this.#lacking]
  }

  async #story(): Promise<string[]> {
    const topics = [...this.app.inputs, ...this.app.outputs.map(({ contract }) => contract.name)]
    // Records are older than the run.
    const config = { 'retention.ms': '-1' }
    await this.#observer.admin.createTopics(topics.map((name) => ({ name, partitions: 2, config })))
    const producer = this.#observer.producer({ deliveryTimeoutMs: settleMsMax })
    await Promise.all(this.#read(firstEvents()).map((event) => this.#place(producer, event)))
    for (const instance of this.#instances) this.#start(instance)
    await this.#until(() => behind({ observer: this.#observer, app: this.app }))
    for (let round = 0; round < rounds; round++) {
      this.#harm.begin()
      await this.#placeRound(producer, round)
      await this.#calm()
    }
    this.#harm.begin()
    await this.#placeClosing(producer, rounds - 1)
    await this.#wait(closingMs)
    await this.#calm()
    return this.#judged()
  }

  /** Some come in bursts, some alone. */
  async #placeRound(producer: ReturnType<KafkaClient['producer']>, round: number): Promise<void> {
    if (round > 0) await this.#placeClosing(producer, round - 1)
    const events = this.#read(roundEvents(this.#random, round, ordersPerRound))
    const gapMs = shakenMs / events.length
    for (const event of events) {
      await this.#place(producer, event)
      if (this.#random.next() < 0.4) await this.#wait(randomInt(this.#random, Math.ceil(gapMs * 5)))
    }
  }

  async #placeClosing(producer: ReturnType<KafkaClient['producer']>, round: number): Promise<void> {
    for (const event of closingEvents(round)) await this.#place(producer, event)
  }

  /** Those that the application has to do with. */
  #read(events: readonly Placed[]): Placed[] {
    const { inputs, customersMove } = this.app
    const isFirst = this.#events.length === 0
    return events.filter(({ topic }) => {
      if (!inputs.includes(topic as never)) return false
      return topic !== 'customer' || customersMove || isFirst
    })
  }

  async #place(producer: ReturnType<KafkaClient['producer']>, event: Placed): Promise<void> {
    const { topic, key, value, timestampMs: timestamp } = event
    const contract = inputs.find(({ name }) => name === topic)!
    this.#events.push(event)
    const bytes = value === null ? null : Buffer.from(contract.value.serialize(value as never))
    await producer.send({ topic, key: Buffer.from(contract.key.serialize(key)), value: bytes, timestamp })
  }

  /** Nothing goes wrong any more, until all is through. */
  async #calm(): Promise<void> {
    this.#harm.end()
    await this.#until(() => behind({ observer: this.#observer, app: this.app }))
  }

  async #judged(): Promise<string[]> {
    const { app } = this
    const observer = this.#observer
    await this.#until(async () => ((await isStable({ observer, app })) ? [] : ['a transaction is open']))
    // Otherwise the application is blamed for what its input was.
    const placed = (await readAll(observer, app.inputs, 2)).length
    if (placed !== this.#events.length) return [`there are ${placed} records of input, not ${this.#events.length}`]
    let outputs = await this.#outputs()
    const differences = differencesFrom(app, this.#events)
    let problems = differences(outputs)
    for (let look = 0; problems.length > 0 && look < looks; look++) {
      await this.#wait(200)
      outputs = await this.#outputs()
      problems = differences(outputs)
    }
    if (problems.length === 0) problems.push(...(await this.#copiesThatDiffer()))
    if (problems.length === 0 && !(await this.#comesToRest())) problems.push('the group rebalances without end')
    for (const { name, formerAlive } of await this.#inTwo()) {
      problems.push(`${name} still has ${formerAlive + 1} processes`)
    }
    for (const line of problems) this.#log(line)
    this.trace.note(JSON.stringify(outputs))
    return problems
  }

  #outputs() {
    return readAll(
      this.#observer,
      this.app.outputs.map(({ contract }) => contract.name),
      2,
    )
  }

  /** Instances that stay two processes: one that was long cut off takes its time to come back, and then one is put out. */
  #inTwo(): Promise<readonly SimulatedInstance[]> {
    return this.#whatStays(() => this.#instances.filter(({ formerAlive }) => formerAlive > 0))
  }

  /** Every standby copy comes to hold what the task that runs holds, and there is one wherever there should be. */
  #copiesThatDiffer(): Promise<readonly string[]> {
    return this.#whatStays(() => differingCopies(this.#instances, this.app, this.#shape))
  }

  /** What is still found after many looks; nothing as soon as one finds nothing. */
  async #whatStays<T>(find: () => readonly T[] | Promise<readonly T[]>): Promise<readonly T[]> {
    for (let look = 0; ; look++) {
      const found = await find()
      if (found.length === 0 || look === looks) return found
      await this.#wait(200)
    }
  }

  /** Tasks that go to and fro are run right, and yet hardly run. */
  async #comesToRest(): Promise<boolean> {
    for (let rest = 0; rest < restsMax; rest++) {
      const { joins } = this.#network
      await this.#wait(restMs)
      if (this.#network.joins === joins) return true
    }
    return false
  }

  #start(instance: SimulatedInstance): void {
    instance.start(this.#harm.network)
    this.#watch(instance)
  }

  #watch(instance: SimulatedInstance): void {
    const runtime = instance.runtime!
    runtime.onStateChange((state) => this.#log(`${instance.name} is ${state}`))
    runtime.finished.catch((error: unknown) => {
      const what = `${instance.name} stopped: ${describe(error)}`
      this.#log(what)
      const isFenced = what.includes('FENCED')
      if (isFenced) this.seen.fenced++
      if (instance.runtime !== runtime) return
      if (isFenced) {
        if (instance.giveWay()) return
        // Of two processes with two threads each has won one of the names: both are put out, and one is started again.
        if (instance.isContested && this.#shape.threads > 1) return this.#start(instance)
      }
      this.#fatal.push(what)
    })
  }

  async #until(lacking: () => Promise<readonly string[]>): Promise<void> {
    for (;;) {
      this.#lacking = await lacking()
      if (this.#lacking.length === 0) return
      await this.#wait(200)
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(ms, resolve)
    })
  }
}

function appOf(seed: number, name: string | undefined): SimulatedApplication {
  if (name === undefined) return applications[seed % applications.length]!
  const found = applications.find(({ id }) => id === name)
  if (found) return found
  throw new RangeError(`there is no application ${name}, only ${applications.map(({ id }) => id).join(', ')}`)
}

/** Groups of every kind, whatever the application. */
function shapeOf(seed: number): GroupShape {
  const random = seededRandom(seed * 31 + 7)
  const oneOf = <T>(...choices: readonly T[]): T => choices[randomInt(random, choices.length)]!
  return {
    instances: oneOf(2, 2, 3),
    threads: oneOf(1, 1, 1, 2),
    standbys: oneOf(0, 1),
    acceptableRecoveryLag: oneOf(10_000, 5, 0),
    sessionTimeoutMs: oneOf(1_500, 1_500, 1_500, 6_000),
    isStatic: oneOf(false, false, true),
  }
}

function describe(error: unknown): string {
  const parts: string[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    parts.push(`${(cause as { code?: string }).code ?? cause.name}: ${cause.message}`)
  }
  return parts.length > 0 ? parts.join(' <- ') : String(error)
}
