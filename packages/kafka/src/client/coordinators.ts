import { apis } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import type { Target } from '../transport.ts'
import type { Cluster } from './cluster.ts'

export type CoordinatorType = 'group' | 'transaction'

/** Finds and remembers which broker coordinates a group or a transactional id. */
export class Coordinators {
  readonly #cluster: Cluster
  readonly #known = new Map<string, Target>()
  readonly #lookups = new Map<string, Promise<Target>>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async find(type: CoordinatorType, key: string): Promise<Target> {
    const id = `${type}:${key}`
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const running = this.#lookups.get(id)
    if (running !== undefined) return running
    const lookup = this.#lookUp(type, key).finally(() => this.#lookups.delete(id))
    this.#lookups.set(id, lookup)
    const target = await lookup
    this.#known.set(id, target)
    return target
  }

  forget(type: CoordinatorType, key: string): void {
    this.#known.delete(`${type}:${key}`)
  }

  async #lookUp(type: CoordinatorType, key: string): Promise<Target> {
    const keyType = type === 'group' ? 0 : 1
    // One key up to version 3, a list from version 4 on (KIP-699).
    const body = (version: number) => (version < 4 ? { key, keyType } : { keyType, coordinatorKeys: [key] })
    const response = await this.#cluster.request(apis.FindCoordinator, body, { to: 'any' })
    const found = response.coordinators.find((coordinator) => coordinator.key === key) ?? response
    if (found.errorCode !== 0) {
      throw brokerError(found.errorCode, `coordinator of ${type} ${key}`, { [type]: key }, found.errorMessage)
    }
    return { host: found.host, port: found.port }
  }
}
