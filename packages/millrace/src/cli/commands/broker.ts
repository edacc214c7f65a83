import { readFile } from 'node:fs/promises'
import { type BrokerOptions, startBroker } from '@millrace/broker'
import pc from 'picocolors'
import { millraceError } from '../../errors.ts'
import { untilShutdown } from '../../supervise/until-shutdown.ts'
import { pairs } from '../kafka.ts'
import { parseProperties } from '../properties.ts'

export interface BrokerFlags {
  readonly port?: string
  readonly host?: string
  readonly data?: string
  readonly memory?: boolean
  readonly allowRemote?: boolean
  readonly takeOverFrom?: string
  readonly durability: 'write' | 'fsync'
  readonly config?: readonly string[]
  readonly configFile?: string
  readonly user?: readonly string[]
  readonly usersFile?: string
  readonly superUser?: readonly string[]
}

const defaultPort = 9092

/** `millrace broker`: the embedded broker alone. Prints `listening on HOST:PORT` once it serves. */
export async function brokerCommand(flags: BrokerFlags): Promise<void> {
  const stop = untilShutdown()
  const inMemory = flags.data === undefined
  const config = { ...(await properties(flags.configFile)), ...pairs(flags.config) }
  await using broker = await startBroker({
    ...address(flags, config),
    durability: flags.durability,
    // A thread of its own has a heap made for passing buffers on; in memory, for tests and trials, quick and small counts more.
    worker: flags.data !== undefined,
    ...(flags.data === undefined ? { memory: true } : { dataDir: flags.data }),
    ...(flags.allowRemote && { allowNonLoopback: true }),
    ...(flags.takeOverFrom !== undefined && { takeOverFrom: flags.takeOverFrom }),
    users: { ...(await properties(flags.usersFile)), ...pairs(flags.user) },
    ...(flags.superUser && { superUsers: flags.superUser }),
    config,
  })
  if (inMemory && !flags.memory) {
    console.error(
      pc.yellow('data is in memory and gone when this ends; --data <dir> keeps it, --memory hides this line'),
    )
  }
  for (const { brokers, listener, securityProtocol } of broker.endpoints) {
    const kind = config.listeners === undefined ? '' : ` (${listener}, ${securityProtocol})`
    console.log(`listening on ${brokers}${kind}`)
  }
  // A broker whose worker ended can serve nobody: the process ends with its error.
  await Promise.race([stop, broker.closed])
}

/** Host and port, unless the setting `listeners` says where; both together the broker refuses. */
function address({ host, port }: BrokerFlags, config: Readonly<Record<string, string>>): BrokerOptions {
  const given = { ...(host !== undefined && { host }), ...(port !== undefined && { port: Number(port) }) }
  return config.listeners === undefined ? { port: defaultPort, ...given } : given
}

async function properties(path: string | undefined): Promise<Record<string, string>> {
  if (path === undefined) return {}
  try {
    return parseProperties(await readFile(path, 'utf8'))
  } catch (error) {
    throw millraceError('USAGE', `${path} cannot be read`, { path }, error)
  }
}
