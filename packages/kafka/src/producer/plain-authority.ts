import { apis } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import { brokerError } from '../errors.ts'
import type { Authority } from './authority.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerIdentity } from './types.ts'

const maxEpoch = 0x7fff

/** A producer without transactions: gets its id on first use and raises its epoch itself (KIP-360). */
export class PlainAuthority implements Authority {
  readonly transactionalId = null
  readonly stamps: boolean
  readonly maxProduceVersion = 13
  readonly mayRetry = true
  readonly #cluster: Cluster
  readonly #wake: () => void
  readonly #fail: (error: unknown) => void
  #identity: ProducerIdentity | undefined
  #initialising: Promise<ProducerIdentity> | undefined

  constructor(cluster: Cluster, idempotent: boolean, hooks: { wake: () => void; fail: (error: unknown) => void }) {
    this.#cluster = cluster
    this.stamps = idempotent
    this.#wake = hooks.wake
    this.#fail = hooks.fail
  }

  get identity(): ProducerIdentity | undefined {
    return this.#identity
  }

  mayWrite(): boolean {
    if (!this.stamps || this.#identity !== undefined) return true
    this.init().then(this.#wake, this.#fail)
    return false
  }

  init(): Promise<ProducerIdentity> {
    if (this.#identity !== undefined) return Promise.resolve(this.#identity)
    this.#initialising ??= this.#allocate().finally(() => {
      this.#initialising = undefined
    })
    return this.#initialising
  }

  lost(): void {}

  recover(queue: PartitionQueue): void {
    const identity = this.#identity
    if (identity === undefined) return
    // A broker takes any higher epoch of an id without transactions, as long as it begins with sequence 0.
    const { producerId, producerEpoch } = identity
    this.#identity = producerEpoch < maxEpoch ? { producerId, producerEpoch: producerEpoch + 1 } : undefined
    queue.restamp()
    this.#wake()
  }

  async #allocate(): Promise<ProducerIdentity> {
    const body = { transactionalId: null, transactionTimeoutMs: 0x7fffffff }
    const response = await this.#cluster.requestRetrying(apis.InitProducerId, body, { to: 'any' }, ({ errorCode }) => {
      if (errorCode !== 0) throw brokerError(errorCode, 'InitProducerId')
    })
    const { producerId, producerEpoch } = response
    this.#identity = { producerId, producerEpoch }
    return this.#identity
  }
}
