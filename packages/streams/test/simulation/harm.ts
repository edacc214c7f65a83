import { type Clock, type Random, randomInt } from '@millrace/base'
import type { SimulatedBroker } from './simulated-broker.ts'
import type { SimulatedInstance } from './simulated-instance.ts'
import { calm, rough } from './simulated-network.ts'

export interface HarmOptions {
  readonly clock: Clock
  readonly random: Random
  readonly broker: SimulatedBroker
  readonly instances: readonly SimulatedInstance[]
  readonly start: (instance: SimulatedInstance) => void
  /** Tells that another process has become the instance. */
  readonly replaced: (instance: SimulatedInstance) => void
  /** Whether a second process may be started under the name of one that is cut off. */
  readonly replaces: boolean
  readonly log: (line: string) => void
}

/** Everything that goes wrong, as long as it is on: crashes, ends, cuts, wrong clocks, full disks, a broker that dies. */
export class Harm {
  readonly #options: HarmOptions
  #isOn = false
  /** Counts the times it was turned on: what was set going before has no say any more. */
  #turn = 0
  faults = 0

  constructor(options: HarmOptions) {
    this.#options = options
  }

  get network() {
    return this.#isOn ? rough : calm
  }

  begin(): void {
    this.#isOn = true
    const turn = ++this.#turn
    for (const instance of this.#options.instances) instance.faults = rough
    this.#shakeInstances(turn)
    this.#shakeBroker(turn)
  }

  /** All is well from now on, and whoever is down starts. */
  end(): void {
    const { instances, start, log } = this.#options
    this.#isOn = false
    this.#turn++
    log('calm')
    for (const instance of instances) {
      instance.faults = calm
      instance.isCut = false
      instance.cutsAtCommit = undefined
      instance.reconnectFormer(calm)
      instance.failDisk(0)
      instance.runtime?.resume()
      if (!instance.isRunning) start(instance)
    }
  }

  #shakeInstances(turn: number): void {
    const { instances, random, clock } = this.#options
    if (turn !== this.#turn) return
    this.#harm(instances[randomInt(random, instances.length)]!)
    clock.after(200 + randomInt(random, 1_800), () => this.#shakeInstances(turn))
  }

  #harm(instance: SimulatedInstance): void {
    const { random, instances, replaces } = this.#options
    if (!instance.isRunning) return
    this.faults++
    const dice = random.next()
    if (dice < 0.32) this.#kill(instance, dice < 0.06)
    else if (dice < 0.36) for (const one of instances) this.#kill(one, random.next() < 0.2)
    else if (dice < 0.46) this.#leave(instance)
    else if (dice < 0.51 && replaces) this.#replace(instance)
    else if (dice < 0.51) this.#pause(instance)
    else if (dice < 0.56) this.#changeThreads(instance)
    else if (dice < 0.7) this.#cut(instance)
    else if (dice < 0.82) this.#setClock(instance)
    else this.#fillDisk(instance)
  }

  #kill(instance: SimulatedInstance, losesDisk: boolean): void {
    const forMs = this.#upTo(4_000)
    this.#options.log(`${instance.name} is killed for ${forMs} ms${losesDisk ? ' and loses its disk' : ''}`)
    instance.kill()
    if (losesDisk) instance.loseDisk()
    this.#later(forMs, () => {
      if (!instance.isRunning) this.#options.start(instance)
    })
  }

  /** An orderly end, and a start after a while: the group rebalances twice. */
  #leave(instance: SimulatedInstance): void {
    const forMs = this.#upTo(3_000)
    this.#options.log(`${instance.name} leaves for ${forMs} ms`)
    void instance.close().then(() => {
      this.#later(forMs, () => {
        if (!instance.isRunning) this.#options.start(instance)
      })
    })
  }

  /** A second process under the name of one that is cut off, which comes back later. */
  #replace(instance: SimulatedInstance): void {
    if (instance.formerAlive > 0) return
    const forMs = this.#upTo(4_000)
    this.#options.log(`${instance.name} is replaced, and what it was is cut off for ${forMs} ms`)
    instance.replace(this.network)
    this.#options.replaced(instance)
    this.#later(forMs, () => instance.reconnectFormer())
  }

  #pause(instance: SimulatedInstance): void {
    const forMs = this.#upTo(3_000)
    this.#options.log(`${instance.name} is paused for ${forMs} ms`)
    const { runtime } = instance
    runtime?.pause()
    this.#later(forMs, () => runtime?.resume())
  }

  /** One thread more, and after a while one less. */
  #changeThreads(instance: SimulatedInstance): void {
    const forMs = 500 + this.#upTo(3_000)
    this.#options.log(`${instance.name} has another thread for ${forMs} ms`)
    const { runtime } = instance
    if (runtime?.addThread() === undefined) return
    this.#later(forMs, () => void runtime.removeThread())
  }

  #cut(instance: SimulatedInstance): void {
    const forMs = this.#upTo(6_000)
    const kind = this.#upTo(3)
    if (kind === 0) {
      this.#options.log(`${instance.name} is cut off for ${forMs} ms as soon as it commits`)
      instance.cutsAtCommit = { when: 'arrived', forMs }
      return
    }
    if (kind === 1) {
      // As long as another instance needs to take its tasks over, and no longer than what it sends is waited for.
      const untilTakenOverMs = 2_200 + this.#upTo(1_500)
      this.#options.log(`${instance.name} is cut off for ${untilTakenOverMs} ms as soon as it has committed`)
      instance.cutsAtCommit = { when: 'answered', forMs: untilTakenOverMs }
      return
    }
    this.#options.log(`${instance.name} is cut off for ${forMs} ms`)
    instance.isCut = true
    this.#later(forMs, () => {
      instance.isCut = false
    })
  }

  /**
   * Set back by as much as a time service would; the client's waits last longer by that. Never an hour ahead: brokers take
   * no records from such a future.
   */
  #setClock(instance: SimulatedInstance): void {
    const isAhead = instance.offsetMs > 1_800_000
    const byMs = !isAhead && randomInt(this.#options.random, 2) === 0 ? this.#upTo(1_700_000) : -this.#upTo(2_000)
    this.#options.log(`the clock of ${instance.name} jumps by ${byMs} ms`)
    instance.setClock(byMs)
  }

  #fillDisk(instance: SimulatedInstance): void {
    this.#options.log(`the disk of ${instance.name} fails`)
    instance.failDisk(1)
  }

  #shakeBroker(turn: number): void {
    const { broker, log } = this.#options
    this.#later(1_500 + this.#upTo(6_000), () => {
      if (turn !== this.#turn) return
      this.#shakeBroker(turn)
      if (!broker.core) return
      this.faults++
      const forMs = this.#upTo(3_000)
      log(`the broker is killed for ${forMs} ms`)
      broker.kill()
      this.#later(forMs, () => {
        log('the broker starts')
        broker.start()
      })
    })
  }

  #upTo(ms: number): number {
    return randomInt(this.#options.random, ms)
  }

  #later(ms: number, act: () => void): void {
    this.#options.clock.after(ms, act)
  }
}
