import { startBroker } from '@millrace/broker'
import { untilShutdown } from '../shutdown.ts'

export interface BrokerFlags {
  readonly port: string
  readonly host: string
  readonly data?: string
  readonly memory?: boolean
  readonly durability: 'write' | 'fsync'
  readonly config?: readonly string[]
}

/** `millrace broker`: the embedded broker alone. Prints `listening on HOST:PORT` once it serves. */
export async function brokerCommand(flags: BrokerFlags): Promise<void> {
  const stop = untilShutdown()
  await using broker = await startBroker({
    host: flags.host,
    port: Number(flags.port),
    durability: flags.durability,
    ...(flags.memory || !flags.data ? { memory: true } : { dataDir: flags.data }),
    config: Object.fromEntries((flags.config ?? []).map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
  })
  console.log(`listening on ${broker.brokers}`)
  await stop
}
