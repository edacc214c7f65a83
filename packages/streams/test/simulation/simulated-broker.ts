import { type Clock, type Random, randomInt, seededRandom } from '@millrace/base'
import { BrokerCore, simulatedStorage } from '@millrace/broker/internal'
import { ProcessClock } from './process-clock.ts'

/** A broker that can be killed and started again on the same disk. */
export class SimulatedBroker {
  readonly #clock: Clock
  readonly #random: Random
  readonly #storage: ReturnType<typeof simulatedStorage>
  #core: BrokerCore | undefined
  #process: ProcessClock | undefined
  /** Counts starts: a connection belongs to one of them. */
  incarnation = 0

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
    this.#storage = simulatedStorage({ random: seededRandom(randomInt(random, 2 ** 31)) })
  }

  get core(): BrokerCore | undefined {
    return this.#core
  }

  start(): void {
    this.incarnation++
    this.#process = new ProcessClock(this.#clock)
    this.#core = new BrokerCore({
      storage: this.#storage,
      clock: this.#process,
      random: seededRandom(randomInt(this.#random, 2 ** 31)),
      durability: 'write',
      advertised: { host: 'broker', port: 9092 },
      config: {
        'group.min.session.timeout.ms': '100',
        'group.initial.rebalance.delay.ms': '100',
        'num.partitions': '2',
        'transaction.max.timeout.ms': '900000',
        // Clocks of instances run ahead by hours.
        'log.message.timestamp.after.max.ms': '9223372036854775807',
      },
    })
  }

  /** SIGKILL: what was written stays, nobody is told. */
  kill(): void {
    this.#process?.kill()
    this.#storage.crash('kill')
    this.#core = undefined
    this.incarnation++
  }
}
