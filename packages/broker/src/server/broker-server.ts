import { systemClock, systemRandom } from '@millrace/base'
import { BrokerCore } from '../core/broker-core.ts'
import { memoryStorage } from '../core/storage/memory-storage.ts'
import { diskStorage } from '../storage/disk-storage.ts'
import { Listener } from './listener.ts'
import type { ResolvedOptions } from './options.ts'

/** A broker core with its port, in this thread. */
export class BrokerServer {
  readonly core: BrokerCore
  readonly host: string
  readonly port: number
  readonly #listener: Listener

  private constructor(core: BrokerCore, listener: Listener, host: string, port: number) {
    this.core = core
    this.#listener = listener
    this.host = host
    this.port = port
  }

  /** Opens the data and listens. The caller holds the lock of the data folder. */
  static async start(options: ResolvedOptions): Promise<BrokerServer> {
    const { dataDir, host, port, durability, config, advertisedHost } = options
    const storage = dataDir === undefined ? memoryStorage() : diskStorage(dataDir)
    const core = new BrokerCore({ storage, clock: systemClock, random: systemRandom, config, durability })
    const listener = new Listener(core)
    try {
      const actual = await listener.listen(host, port)
      core.advertised = { host: advertisedHost, port: actual }
      return new BrokerServer(core, listener, host, actual)
    } catch (error) {
      core.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#listener.close()
    this.core.close()
  }
}
