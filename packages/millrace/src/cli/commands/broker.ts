import { subscribe } from 'node:diagnostics_channel'
import { readdir, readFile, stat } from 'node:fs/promises'
import { parseProperties } from '@millrace/base/internal'
import { type BrokerOptions, startBroker } from '@millrace/broker'
import { millraceError } from '../../errors.ts'
import { untilShutdown } from '../../supervise/until-shutdown.ts'
import { brokerSettings } from '../broker-settings-file.ts'
import { brokerWarnings, readableByOthers } from '../broker-warnings.ts'
import { pc } from '../colours.ts'
import { pairs } from '../pairs.ts'

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
  subscribe('millrace:broker:log-failed', (message) => {
    const { topic, partition, error } = message as { topic: string; partition: number; error: Error }
    console.error(`${pc.red(pc.bold('error'))} partition ${partition} of ${topic}: ${error.message}`)
  })
  const inMemory = flags.data === undefined
  const hadData = flags.data !== undefined && (await hasEntries(flags.data))
  const config = { ...(await settings(flags.configFile)), ...pairs(flags.config) }
  const users = { ...(await usersOf(flags.usersFile)), ...pairs(flags.user) }
  await using broker = await startBroker({
    ...address(flags, config),
    durability: flags.durability,
    // A thread of its own has a heap made for passing buffers on; in memory, for tests and trials, quick and small counts more.
    worker: flags.data !== undefined,
    ...(flags.data === undefined ? { memory: true } : { dataDir: flags.data }),
    ...(flags.allowRemote && { allowNonLoopback: true }),
    ...(flags.takeOverFrom !== undefined && { takeOverFrom: flags.takeOverFrom }),
    users,
    ...(flags.superUser && { superUsers: flags.superUser }),
    config,
  })
  if (inMemory && !flags.memory) {
    console.error(
      pc.yellow('data is in memory and gone when this ends; --data <dir> keeps it, --memory hides this line'),
    )
  }
  const request = { config, durability: flags.durability, inMemory, hadData, superUsers: flags.superUser ?? [] }
  warn(...brokerWarnings({ ...request, listeners: broker.endpoints, users: Object.keys(users) }))
  for (const id of broker.strayTopicIds) {
    console.error(pc.yellow(`nobody knows the topic of ${flags.data}/logs/${id}: kept as ${id}.stray and not served`))
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

function warn(...lines: readonly string[]): void {
  for (const line of lines) console.error(`${pc.yellow(pc.bold('warning'))} ${line}`)
}

async function hasEntries(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => [])).length > 0
}

async function settings(path: string | undefined): Promise<Record<string, string>> {
  return path === undefined ? {} : await brokerSettings(path, await textOf(path))
}

async function usersOf(path: string | undefined): Promise<Record<string, string>> {
  if (path === undefined) return {}
  const users = parseProperties(await textOf(path))
  // Windows has no such modes.
  const warning = process.platform === 'win32' ? undefined : readableByOthers(path, (await stat(path)).mode)
  if (warning !== undefined) warn(warning)
  return users
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw millraceError('USAGE', `${path} cannot be read`, { path }, error)
  }
}
