import { type Clock, type Random, randomInt, seededRandom } from '@millrace/base'
import { BrokerCore, type BrokerStorage, type SimulatedStorage, simulatedStorage } from '@millrace/broker/internal'
import { mortalStorage } from '../../../../broker/test/support/mortal.ts'
import { ProcessClock } from './process-clock.ts'

/** What a planted bug may do to the machine. */
export interface MachineFaults {
  /** Says that bytes are on the device which are not. */
  readonly syncLies?: boolean
  /** Called when a broker has started: for what is wrong inside of it. */
  readonly started?: (core: BrokerCore) => void
  /** Called when the machine is down, to lose what was safe. */
  readonly crashed?: (disk: SimulatedStorage) => void
}

export interface MachineOptions {
  readonly clock: Clock
  readonly random: Random
  readonly durability: 'write' | 'fsync'
  readonly faults: MachineFaults
}

/** How long a device takes for a sync; now and then it is much slower. */
const syncMsMax = 8
const slowSyncMs = 400

/** A broker on a disk: under `write` it is killed, under `fsync` its power is cut. */
export class Machine {
  readonly #options: MachineOptions
  readonly #disk: SimulatedStorage
  #core: BrokerCore | undefined
  #process: ProcessClock | undefined
  #writesLeft = Number.POSITIVE_INFINITY
  /** Counts lives: a connection belongs to one of them. */
  life = 0
  onDeath: () => void = () => undefined

  constructor(options: MachineOptions) {
    this.#options = options
    this.#disk = simulatedStorage({ random: seededRandom(randomInt(options.random, 2 ** 31)) })
    this.#disk.holdSyncs = options.durability === 'fsync'
    if (options.durability === 'fsync') this.#syncNext()
  }

  get core(): BrokerCore | undefined {
    return this.#core
  }

  start(): void {
    const { clock, random, durability, faults } = this.#options
    this.life++
    this.#writesLeft = Number.POSITIVE_INFINITY
    const process = new ProcessClock(clock)
    this.#process = process
    this.#core = new BrokerCore({
      storage: this.#storageOf(process),
      clock: process,
      random: seededRandom(randomInt(random, 2 ** 31)),
      durability,
      advertised: { host: 'broker', port: 9092 },
      config: {
        'group.min.session.timeout.ms': '100',
        'group.initial.rebalance.delay.ms': '20',
        'group.consumer.session.timeout.ms': '1500',
        'group.consumer.min.session.timeout.ms': '100',
        'group.consumer.heartbeat.interval.ms': '200',
        'group.consumer.min.heartbeat.interval.ms': '50',
      },
    })
    faults.started?.(this.#core)
  }

  crash(): void {
    this.repairDisk()
    this.#process?.kill()
    this.#core = undefined
    this.life++
    this.#disk.crash(this.#options.durability === 'fsync' ? 'power' : 'kill')
    this.#options.faults.crashed?.(this.#disk)
  }

  /** The broker dies at the write after so many, in the middle of whatever it does then. */
  dieAfter(writes: number): void {
    this.#writesLeft = writes
  }

  /** The device is full, or refuses to sync, for a while. */
  failDisk(forMs: number): void {
    const { clock, random, durability } = this.#options
    if (durability === 'fsync' && randomInt(random, 2) === 0) this.#disk.syncError = new Error('input/output error')
    else this.#disk.freeBytes = randomInt(random, 500)
    clock.after(forMs, () => this.repairDisk())
  }

  repairDisk(): void {
    this.#disk.freeBytes = Number.POSITIVE_INFINITY
    this.#disk.syncError = undefined
  }

  #syncNext(): void {
    const { clock, random } = this.#options
    const slow = random.next() < 0.01
    clock.after(1 + randomInt(random, slow ? slowSyncMs : syncMsMax), () => {
      this.#disk.releaseSyncs()
      this.#syncNext()
    })
  }

  #storageOf(process: ProcessClock): BrokerStorage {
    return mortalStorage(this.#disk, {
      get dead() {
        return process.isDead
      },
      beforeWrite: () => this.#beforeWrite(process),
      syncLies: this.#options.faults.syncLies ?? false,
    })
  }

  #beforeWrite(process: ProcessClock): void {
    if (!process.isDead && --this.#writesLeft < 0) {
      process.kill()
      // Whoever called is still on the stack: the machine goes down behind it.
      this.onDeath()
    }
    if (process.isDead) throw new Error('the process has ended')
  }
}
