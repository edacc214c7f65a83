import { watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { startBroker } from '@millrace/broker'
import pc from 'picocolors'
import { type LoadedConfig, loadConfig } from '../../config/load-config.ts'
import { ProcessTree } from '../../supervise/process-tree.ts'
import { printError } from '../output.ts'
import { untilShutdown } from '../shutdown.ts'

const debounceMs = 150

interface DevFlags extends Readonly<Record<string, unknown>> {
  readonly port: string
  readonly watch: boolean
}

/** `millrace dev`: the embedded broker in this process, the configuration in a child that starts again on changes. */
export async function devCommand(path: string | undefined, flags: DevFlags): Promise<void> {
  const stop = untilShutdown()
  const loaded = await loadConfig({ path, flags: stringsOf(flags), dotenv: true })
  const dataDir = join(loaded.directory, loaded.settings.dataDir.value ?? '.millrace')
  await mkdir(dataDir, { recursive: true })
  await using broker = await startBroker({ port: Number(flags.port), dataDir: join(dataDir, 'broker') })
  console.log(`${pc.bold('broker')}   ${broker.brokers}   (any Kafka client can connect)`)
  await using tree = new ProcessTree({
    maxFailedStarts: 1,
    onLine: (_, line, stream) => (stream === 'stdout' ? console.log(line) : console.error(line)),
  })
  const start = tree.start({
    name: 'run',
    script: process.argv[1] as string,
    args: ['run', loaded.path, ...settingFlags(loaded)],
    environment: { MILLRACE_BROKERS: broker.brokers },
    ready: /^gateway listening/,
  })
  await start.catch((error: unknown) => {
    if (!flags.watch) throw error
    console.error(pc.yellow('waiting for a change'))
  })
  using _watcher = flags.watch ? watchFiles(loaded, dataDir, () => restart(tree)) : undefined
  await stop
}

function stringsOf(flags: DevFlags): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => typeof value === 'string')) as Record<
    string,
    string
  >
}

function settingFlags({ settings }: LoadedConfig): string[] {
  const { dataDir, gatewayHost, gatewayPort } = settings
  return [
    ...['--data-dir', dataDir.value ?? '.millrace'],
    ...['--gateway-host', gatewayHost.value ?? '127.0.0.1', '--gateway-port', gatewayPort.value ?? '8080'],
  ]
}

async function restart(tree: ProcessTree): Promise<void> {
  try {
    await tree.restart('run')
  } catch (error) {
    printError(error)
    console.error(pc.yellow('waiting for a change'))
  }
}

function watchFiles({ directory }: LoadedConfig, dataDir: string, onChange: () => Promise<void>): Disposable {
  const ignored = relative(directory, dataDir)
  let timer: NodeJS.Timeout | undefined
  const watcher = watch(directory, { recursive: true }, (_, file) => {
    if (file === null || file.startsWith(ignored) || /(^|[\\/])(node_modules|\.git)([\\/]|$)/.test(file)) return
    if (!/\.(ts|mts|js|mjs|json|env)$/.test(file)) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      console.log(pc.dim(`${file} changed, starting again`))
      onChange().catch(printError)
    }, debounceMs)
  })
  return {
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      watcher.close()
    },
  }
}
