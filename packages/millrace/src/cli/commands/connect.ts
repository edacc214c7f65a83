import { forgetPosition, storedPosition } from '@millrace/connect'
import { readConnectorFile } from '../../config/connector-file.ts'
import { maskSecrets } from '../../config/settings.ts'
import { millraceError, notFound } from '../../errors.ts'
import { ask } from '../gateway-client.ts'
import { type DailyFlags, withKafka } from '../kafka.ts'
import { counted, printJson, printTable } from '../output.ts'

export interface ConnectFlags {
  readonly url: string
  readonly json?: boolean
}

interface State {
  readonly state: string
  readonly trace?: string
}

interface Expanded {
  readonly status: { readonly connector: State; readonly tasks: readonly State[]; readonly type: string }
  readonly details: {
    readonly state: string
    readonly details: { readonly activity?: string; readonly records?: number; readonly lag?: number }
  } | null
}

const pathOf = (name: string, rest = ''): string => `/connectors/${encodeURIComponent(name)}${rest}`

/** `millrace connect status`: sources and sinks of the process behind a gateway. */
export async function connectStatus(flags: ConnectFlags): Promise<void> {
  const expanded = (await ask(flags.url, '/connectors?expand=status&expand=details')) as Record<string, Expanded>
  const rows = Object.entries(expanded).map(([name, { status, details }]) => {
    const { records, lag, activity } = details?.details ?? {}
    const trace = status.connector.trace ?? status.tasks.find((task) => task.trace !== undefined)?.trace
    const state = details?.state ?? status.connector.state.toLowerCase()
    // Sources count the log that is not read yet, sinks records.
    const lagUnit = lag === undefined ? undefined : status.type === 'source' ? 'bytes' : 'records'
    return { name, type: status.type, state, records, lag, lagUnit, activity: trace?.split('\n')[0] ?? activity }
  })
  if (flags.json) {
    printJson(rows)
    return
  }
  printTable(
    ['name', 'type', 'state', 'records', 'lag', 'activity'],
    rows.map(({ name, type, state, records, lag, lagUnit, activity }) => {
      const behind = lag === undefined ? undefined : counted(lag, String(lagUnit).slice(0, -1))
      return [name, type, state, records, behind, activity]
    }),
  )
}

/** `millrace connect show`: config, status, topics and offsets of one. */
export async function showConnector(name: string, flags: ConnectFlags): Promise<void> {
  const part = (rest: string): Promise<unknown> => ask(flags.url, pathOf(name, rest))
  const [info, status, topics] = await Promise.all([part(''), part('/status'), part('/topics')])
  const { offsets } = (await part('/offsets').catch(() => ({ offsets: [] }))) as { readonly offsets: unknown }
  const { config } = info as { readonly config: Readonly<Record<string, string>> }
  if (flags.json) {
    printJson({ name, config, status, topics: (topics as Record<string, { topics: unknown }>)[name]?.topics, offsets })
    return
  }
  const { connector, tasks } = status as { readonly connector: State; readonly tasks: readonly State[] }
  console.log(
    `${name}: ${connector.state}, ${counted(tasks.length, 'task')}: ${tasks.map((task) => task.state).join(', ')}`,
  )
  for (const { trace } of [connector, ...tasks]) if (trace) console.log(trace)
  printTable(['property', 'value'], Object.entries(masked(config)))
  console.log(`offsets ${JSON.stringify(offsets)}`)
}

/** For eyes: JSON has all of it, so that it can be applied again. */
function masked(config: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, maskedValue(name, value)]))
}

function maskedValue(name: string, value: string): string {
  if (isReference(value)) return value
  if (/credential|passphrase|user\.info|^headers$/i.test(name)) return '********'
  // JDBC drivers take a password also among the parameters of a url.
  return maskSecrets(name, value).replace(/([?&;]password=)[^&;\s]*/gi, '$1********')
}

/** What a config provider fills in is no secret itself. */
function isReference(value: string): boolean {
  return /^\$\{[^}]*\}$/.test(value)
}

/** The slot of a PostgreSQL source holds the log of its database until somebody drops it. */
function slotLeft(config: Readonly<Record<string, string>>): string | undefined {
  if (!/(^|\.)Postgres(Connector)?$/.test(config['connector.class'] ?? '')) return undefined
  return config['slot.name'] || 'debezium'
}

/** `millrace connect plugins`: what `connector.class` may be, and with a class what it may be told. */
export async function connectorPlugins(className: string | undefined, flags: ConnectFlags): Promise<void> {
  if (className === undefined) {
    const plugins = (await ask(flags.url, '/connector-plugins')) as { class: string; type: string; version: string }[]
    if (flags.json) printJson(plugins)
    else
      printTable(
        ['class', 'type', 'version'],
        plugins.map((plugin) => [plugin.class, plugin.type, plugin.version]),
      )
    return
  }
  const path = `/connector-plugins/${encodeURIComponent(className)}/config`
  type Key = { name: string; type: string; required: boolean; default_value: string | null; documentation: string }
  const keys = (await ask(flags.url, path)) as Key[]
  if (flags.json) printJson(keys)
  else {
    printTable(
      ['property', 'type', 'default', 'meaning'],
      keys.map((key) => [
        key.name,
        key.type,
        key.required ? '(required)' : (key.default_value ?? ''),
        key.documentation,
      ]),
    )
  }
}

/** `millrace connect apply`: creates connectors of property or JSON files, or gives those that exist their configs. */
export async function applyConnectors(files: readonly string[], flags: ConnectFlags): Promise<void> {
  const configs = await Promise.all(files.map(readConnectorFile))
  for (const { name, config } of configs) {
    const info = await ask(flags.url, pathOf(name, '/config'), 'PUT', config)
    if (flags.json) printJson(info)
    else console.log(`applied ${name}`)
  }
}

/** `millrace connect validate`: what is wrong with a config, without running it. */
export async function validateConnector(file: string, flags: ConnectFlags): Promise<void> {
  const { name, config } = await readConnectorFile(file)
  const className = config['connector.class'] ?? ''
  if (className === '') throw millraceError('USAGE', `${file} names no connector.class`)
  const path = `/connector-plugins/${encodeURIComponent(className)}/config/validate`
  type Infos = { error_count: number; configs: { value: { name: string; errors: string[] } }[] }
  const infos = (await ask(flags.url, path, 'PUT', { ...config, name })) as Infos
  const wrong = infos.configs.filter(({ value }) => value.errors.length > 0)
  if (flags.json) printJson({ name, errors: Object.fromEntries(wrong.map(({ value }) => [value.name, value.errors])) })
  else for (const { value } of wrong) for (const error of value.errors) console.log(error)
  if (infos.error_count > 0) {
    throw millraceError('CONNECTOR_INVALID', `${file}: ${counted(infos.error_count, 'error')}`, { file })
  }
  if (!flags.json) console.log(`${name} is valid`)
}

/** `millrace connect pause|resume|stop|restart`. */
export async function steerConnector(
  name: string,
  action: 'pause' | 'resume' | 'stop' | 'restart',
  flags: ConnectFlags & { readonly onlyFailed?: boolean },
): Promise<void> {
  if (action === 'restart') {
    const query = `?includeTasks=true&onlyFailed=${flags.onlyFailed === true}`
    await ask(flags.url, pathOf(name, `/restart${query}`), 'POST')
  } else await ask(flags.url, pathOf(name, `/${action}`), 'PUT')
  const status = await ask(flags.url, pathOf(name, '/status'))
  if (flags.json) printJson(status)
  else console.log(`${name}: ${(status as { readonly connector: State }).connector.state}`)
}

/** `millrace connect delete`; what it had stored of its position stays. */
export async function deleteConnector(name: string, flags: ConnectFlags & { readonly yes?: boolean }): Promise<void> {
  const { config } = (await ask(flags.url, pathOf(name))) as { readonly config: Readonly<Record<string, string>> }
  const slot = slotLeft(config)
  const hint = `its replication slot ${slot} stays and holds the database's log; where nothing else reads it, drop it: select pg_drop_replication_slot('${slot}')`
  if (!flags.yes) {
    const what = `this would delete ${name}: ${JSON.stringify(masked(config))}${slot === undefined ? '' : `; ${hint}`}`
    throw millraceError('CONFIRMATION_NEEDED', what, { name })
  }
  await ask(flags.url, pathOf(name), 'DELETE')
  if (flags.json) printJson({ name, deleted: true, ...(slot !== undefined && { slot }) })
  else console.log(slot === undefined ? `deleted ${name}` : `deleted ${name}; ${hint}`)
}

interface OffsetFlags extends ConnectFlags {
  readonly set?: string
  readonly reset?: boolean
  readonly yes?: boolean
}

/** `millrace connect offsets`: shows them; `--set` and `--reset` change those of a connector that is stopped. */
export async function connectorOffsets(name: string, flags: OffsetFlags): Promise<void> {
  const path = pathOf(name, '/offsets')
  const before = await ask(flags.url, path)
  if (flags.set === undefined && !flags.reset) {
    printJson(before)
    return
  }
  if (flags.set !== undefined && flags.reset) throw millraceError('USAGE', 'give --set or --reset, not both')
  if (!flags.yes) {
    const what = flags.reset ? 'forget' : 'replace'
    throw millraceError('CONFIRMATION_NEEDED', `this would ${what} ${JSON.stringify(before)}`, { name })
  }
  if (flags.reset) await ask(flags.url, path, 'DELETE')
  else await ask(flags.url, path, 'PATCH', parsed(flags.set!))
  printJson(await ask(flags.url, path))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw millraceError('USAGE', `--set takes the JSON that "connect offsets" prints: ${(error as Error).message}`)
  }
}

/** `millrace connect forget`: removes a source's stored position; one that still runs is fenced. */
export async function forgetSource(source: string, flags: DailyFlags & { readonly yes?: boolean }): Promise<void> {
  await withKafka(flags, async (client) => {
    const position = await storedPosition(client, source)
    if (!position)
      throw notFound(
        `no position is stored for a source "${source}"`,
        'List the sources with "millrace connect status".',
      )
    if (!flags.yes) {
      const what = `this would forget that ${source} stands at ${JSON.stringify(position)}`
      throw millraceError('CONFIRMATION_NEEDED', what, { source })
    }
    await forgetPosition(client, source)
    if (flags.json) printJson({ source, forgotten: position })
    else console.log(`forgot the position of ${source}; it stood at ${JSON.stringify(position)}`)
  })
}
