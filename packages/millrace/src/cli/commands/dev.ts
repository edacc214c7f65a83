import { mkdir } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { startBroker } from '@millrace/broker'
import { type LoadedConfig, loadConfig } from '../../config/load-config.ts'
import { type SettingName, settingTable } from '../../config/settings.ts'
import { millraceError } from '../../errors.ts'
import { ProcessTree } from '../../supervise/process-tree.ts'
import { untilShutdown } from '../../supervise/until-shutdown.ts'
import { watchTree } from '../../supervise/watch-tree.ts'
import { pc } from '../colours.ts'
import { printError } from '../output.ts'

const debounceMs = 150

interface DevFlags extends Readonly<Record<string, unknown>> {
  readonly port: string
  readonly brokers?: string
  readonly watch: boolean
}

/** `millrace dev`: the embedded broker in this process, the configuration in a child that starts again on changes. */
export async function devCommand(path: string | undefined, flags: DevFlags): Promise<void> {
  const stop = untilShutdown()
  const loaded = await loadConfig({ path, flags: settingsOf(flags), dotenv: true })
  // The child reads `.env` itself, anew with every start: what was read here must not look like its environment.
  for (const name of loaded.fromDotenv) delete process.env[name]
  const dataDir = resolve(loaded.directory, loaded.settings.dataDir.value ?? '.millrace')
  await mkdir(dataDir, { recursive: true })
  await using broker =
    flags.brokers === undefined
      ? await startBroker({ port: Number(flags.port), dataDir: join(dataDir, 'broker') })
      : undefined
  const brokers = broker?.brokers ?? flags.brokers ?? ''
  console.log(`${pc.bold('broker')}   ${brokers}   (any Kafka client can connect)`)
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {})
  await using tree = new ProcessTree({
    maxFailedStarts: 1,
    // One that ended by itself has said why, and would say it again: a change is what helps.
    restarts: 'killed',
    onExit: (_, reason) => {
      if (!reason.startsWith('exit status') || reason === 'exit status 0') return
      if (flags.watch) console.error(pc.yellow('waiting for a change'))
      else ended.reject(millraceError('PROCESS_FAILED', `the configuration does not run (${reason})`))
    },
    onLine: (_, line, stream) => (stream === 'stdout' ? console.log(line) : console.error(line)),
  })
  const start = tree.start({
    name: 'run',
    script: process.argv[1] as string,
    args: ['run', loaded.path, '--dotenv', ...(broker ? ['--own-broker'] : []), ...givenFlags(flags)],
    environment: { MILLRACE_BROKERS: brokers },
    ready: /^gateway listening/,
  })
  const over = Promise.race([stop, ended.promise, ...(broker ? [broker.closed] : [])])
  // Its own words are on the screen already when it does not start.
  const started = start.then(
    () => {},
    () => {},
  )
  using _watcher = flags.watch ? watchFiles(loaded, dataDir, started, () => restart(tree)) : undefined
  await over
}

function settingsOf(flags: DevFlags): Record<string, string | boolean> {
  const isSetting = (entry: [string, unknown]): entry is [string, string | boolean] =>
    entry[0] in settingTable && (typeof entry[1] === 'string' || typeof entry[1] === 'boolean')
  return Object.fromEntries(Object.entries(flags).filter(isSetting))
}

/** The settings that were given as flags go to the child as they are; it finds out the others as this process did. */
function givenFlags(flags: DevFlags): string[] {
  return Object.entries(settingsOf(flags)).flatMap(([name, value]) => {
    const flag = `--${settingTable[name as SettingName].flag}`
    if (name === 'brokers') return []
    return value === true ? [flag] : [flag, String(value)]
  })
}

async function restart(tree: ProcessTree): Promise<void> {
  // What keeps it from starting is on the screen already, in the child's own words.
  await tree.restart('run').catch(() => {})
}

function watchFiles(
  { directory }: LoadedConfig,
  dataDir: string,
  started: Promise<void>,
  onChange: () => Promise<void>,
): Disposable {
  const ignored = relative(directory, dataDir)
  let timer: NodeJS.Timeout | undefined
  // One start after the other: a change during a start is taken up when that has ended.
  let last = started
  const isIgnored = (path: string): boolean =>
    isInside(path, ignored) || /(^|[\\/])(node_modules|\.git)([\\/]|$)/.test(path)
  const changed = (file: string): void => {
    if (isIgnored(file) || !/(\.(ts|mts|cts|js|mjs|cjs|json)|(^|[\\/])\.env)$/.test(file)) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      console.log(pc.dim(`${file} changed, starting again`))
      last = last.then(onChange).catch(printError)
    }, debounceMs)
  }
  const watcher = watchTree(directory, { isIgnored, onChange: changed })
  return {
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      watcher[Symbol.dispose]()
    },
  }
}

function isInside(file: string, folder: string): boolean {
  return file === folder || file.startsWith(join(folder, '/'))
}
