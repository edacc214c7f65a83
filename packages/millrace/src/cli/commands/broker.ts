import { startBroker } from '@millrace/broker'
import pc from 'picocolors'
import { untilShutdown } from '../../supervise/until-shutdown.ts'
import { pairs } from '../kafka.ts'

export interface BrokerFlags {
  readonly port: string
  readonly host: string
  readonly data?: string
  readonly memory?: boolean
  readonly allowRemote?: boolean
  readonly durability: 'write' | 'fsync'
  readonly config?: readonly string[]
}

/** `millrace broker`: the embedded broker alone. Prints `listening on HOST:PORT` once it serves. */
export async function brokerCommand(flags: BrokerFlags): Promise<void> {
  const stop = untilShutdown()
  const inMemory = flags.data === undefined
  await using broker = await startBroker({
    host: flags.host,
    port: Number(flags.port),
    durability: flags.durability,
    // A thread of its own has a heap made for passing buffers on; in memory, for tests and trials, quick and small counts more.
    worker: flags.data !== undefined,
    ...(flags.data === undefined ? { memory: true } : { dataDir: flags.data }),
    ...(flags.allowRemote && { allowNonLoopback: true }),
    config: pairs(flags.config),
  })
  if (inMemory && !flags.memory) {
    console.error(
      pc.yellow('data is in memory and gone when this ends; --data <dir> keeps it, --memory hides this line'),
    )
  }
  console.log(`listening on ${broker.brokers}`)
  // A broker whose worker ended can serve nobody: the process ends with its error.
  await Promise.race([stop, broker.closed])
}
