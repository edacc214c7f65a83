import { type Random, randomInt } from '@millrace/base'
import type { VirtualClock } from '@millrace/base/internal'
import type { ClientProcess } from '../workload/world.ts'
import type { Machine } from './machine.ts'

/** What it may hurt. */
export interface Victims {
  readonly clock: VirtualClock
  readonly random: Random
  readonly machine: Machine
  /** Processes that run now. */
  readonly processes: () => readonly ClientProcess[]
  /** Starts a second life of a role while the first goes on: its producer becomes a zombie. */
  readonly succeed: () => void
  readonly log: (line: string) => void
}

/** Does harm at random moments until it is stopped. */
export class Nemesis {
  readonly #victims: Victims
  count = 0
  #stopped = false

  constructor(victims: Victims) {
    this.#victims = victims
    victims.machine.onDeath = () => {
      // The stack of the write that killed it unwinds first.
      victims.clock.after(0, () => this.#down('dies between two writes'))
    }
    this.#next()
  }

  stop(): void {
    this.#stopped = true
  }

  #next(): void {
    const { clock, random } = this.#victims
    clock.after(50 + randomInt(random, 450), () => {
      if (this.#stopped) return
      this.#harm()
      this.#next()
    })
  }

  #harm(): void {
    const { random, machine, succeed } = this.#victims
    this.count++
    const dice = random.next()
    if (dice < 0.25) this.#down('is killed')
    else if (dice < 0.4 && machine.core) machine.dieAfter(randomInt(random, 12))
    else if (dice < 0.5) this.#failDisk()
    else if (dice < 0.65) this.#kill()
    else if (dice < 0.8) this.#cut()
    else succeed()
  }

  #down(how: string): void {
    const { machine, clock, random, log } = this.#victims
    if (!machine.core) return
    const forMs = randomInt(random, 300)
    log(`the broker ${how}, for ${forMs} ms`)
    machine.crash()
    clock.after(forMs, () => {
      log('the broker starts')
      machine.start()
    })
  }

  #failDisk(): void {
    const { machine, random, log } = this.#victims
    const forMs = 20 + randomInt(random, 300)
    log(`the disk fails for ${forMs} ms`)
    machine.failDisk(forMs)
  }

  #kill(): void {
    const victim = this.#any()
    if (!victim) return
    this.#victims.log(`${victim.name} is killed`)
    victim.kill()
  }

  #cut(): void {
    const { clock, random, log } = this.#victims
    const victim = this.#any()
    if (!victim) return
    const forMs = randomInt(random, 1_500)
    log(`${victim.name} is cut off for ${forMs} ms`)
    victim.link.isCut = true
    clock.after(forMs, () => {
      victim.link.isCut = false
    })
  }

  #any(): ClientProcess | undefined {
    const processes = this.#victims.processes()
    return processes[randomInt(this.#victims.random, Math.max(1, processes.length))]
  }
}
