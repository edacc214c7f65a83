import { randomBytes } from 'node:crypto'
import { systemClock, systemRandom } from '@millrace/base'
import { BrokerCore } from '../core/broker-core.ts'
import { memoryStorage } from '../core/storage/memory-storage.ts'
import { diskStorage } from '../storage/disk-storage.ts'
import { ChunkPool } from './chunk-pool.ts'
import { ConnectionQuotas } from './connection-quotas.ts'
import { logFailedChannel, publishDenial } from './diagnostics.ts'
import { FramePool } from './frame-pool.ts'
import { Listener, type ListenerEndpoint } from './listener.ts'
import { MemoryBudget } from './memory-budget.ts'
import type { ResolvedOptions } from './options.ts'
import { readMemory } from './reading-socket.ts'
import { saslPolicy } from './security/sasl-policy.ts'

/** A broker core with its ports, in this thread. */
export class BrokerServer {
  readonly core: BrokerCore
  readonly endpoints: readonly ListenerEndpoint[]
  readonly #listeners: readonly Listener[]

  private constructor(core: BrokerCore, listeners: readonly Listener[], endpoints: readonly ListenerEndpoint[]) {
    this.core = core
    this.#listeners = listeners
    this.endpoints = endpoints
  }

  /** Opens the data and listens. The caller holds the lock of the data folder. */
  static async start(options: ResolvedOptions): Promise<BrokerServer> {
    const { dataDir, durability, config } = options
    const storage = dataDir === undefined ? memoryStorage() : diskStorage(dataDir)
    const secureBytes = (size: number): Buffer => randomBytes(size)
    const core = new BrokerCore({
      storage,
      clock: systemClock,
      random: systemRandom,
      secureBytes,
      config,
      durability,
    })
    core.denied = publishDenial
    core.logFailed = (failure) => logFailedChannel.publish(failure)
    for (const failure of core.startFailures) logFailedChannel.publish(failure)
    const listeners: Listener[] = []
    const endpoints: ListenerEndpoint[] = []
    try {
      await openListeners(core, options, listeners)
      for (const listener of listeners) endpoints.push(await listener.listen())
      core.advertised = listeners[0]!.advertised
      return new BrokerServer(core, listeners, endpoints)
    } catch (error) {
      await Promise.all(listeners.slice(0, endpoints.length).map((listener) => listener.close()))
      core.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close()))
    this.core.close()
  }
}

async function openListeners(core: BrokerCore, options: ResolvedOptions, listeners: Listener[]): Promise<void> {
  const budget = new MemoryBudget(core.config.number('queued.max.bytes'))
  const memory = { budget, chunks: new ChunkPool(), frames: new FramePool(), reads: readMemory() }
  const shared = { memory, quotas: new ConnectionQuotas(core.config) }
  for (const settings of options.listeners) {
    const { securityProtocol } = settings
    const sasl = securityProtocol.startsWith('SASL_') ? await saslPolicy(core, settings, options.users) : undefined
    const tlsDoor = securityProtocol.endsWith('SSL') ? (await import('./security/tls-door.ts')).TlsDoor : undefined
    listeners.push(new Listener(core, settings, { sasl, tlsDoor }, shared))
  }
}
