import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@millrace/conformance/free-port'
import { startApacheKafka } from '@millrace/conformance/kafka'
import { startPostgres } from '@millrace/conformance/postgres'
import { ProcessTree } from 'millrace/supervise'
import { Databases } from './databases.ts'

const cli = join(dirname(fileURLToPath(import.meta.resolve('millrace/package.json'))), 'bin', 'millrace.js')
const here = import.meta.dirname
const config = join(here, 'millrace.config.ts')

export interface ShopOptions {
  /** Use Apache Kafka instead of the embedded broker. */
  readonly kafka: boolean
  readonly signal: AbortSignal
  readonly onLine: (process: { readonly name: string; readonly stream: 'stdout' | 'stderr' }, line: string) => void
  readonly onExit: (process: string, reason: string) => void
  readonly onStarting: (what: string) => void
}

/** Where the parts of a running shop are. */
export interface Shop extends AsyncDisposable {
  readonly brokers: string
  readonly customersUrl: string
  readonly ordersUrl: string
  /** One gateway for each instance of the streams application. */
  readonly stateUrls: readonly string[]
  readonly gateways: { readonly capture: string; readonly sink: string }
  readonly databases: { readonly customers: string; readonly orders: string; readonly reporting: string }
  readonly tree: ProcessTree
}

/** Starts PostgreSQL, the broker and every process of the shop; all of it ends with `await using`. */
export async function startShop(options: ShopOptions): Promise<Shop> {
  await using starting = new AsyncDisposableStack()
  await removeLeftovers()
  const folder = await mkdtemp(join(tmpdir(), `millrace-shop-${process.pid}-`))
  starting.defer(() => rm(folder, { recursive: true, force: true }))

  options.onStarting('PostgreSQL')
  const postgres = starting.use(await startPostgres({ walLevel: 'logical' }))
  const databases = {
    customers: await postgres.createDatabase('customers'),
    orders: await postgres.createDatabase('orders'),
    reporting: await postgres.createDatabase('reporting'),
  }
  const kafka = options.kafka ? starting.use(await startApacheKafka()) : undefined
  const tree = starting.use(
    new ProcessTree({ onLine: (name, line, stream) => options.onLine({ name, stream }, line), onExit: options.onExit }),
  )
  const brokers = kafka?.brokers ?? (await startEmbeddedBroker(tree, folder, options))

  await prepareReporting(databases)

  options.onStarting('the services, capture, two instances of the streams application, and the sink')
  const service = async (name: string, database: string): Promise<string> => {
    options.signal.throwIfAborted()
    const ready = await tree.start({
      name,
      script: join(here, 'services', `${name}.ts`),
      environment: { DATABASE_URL: database, BROKERS: brokers, PORT: String(await freePort()) },
      ready: /listening on (http:\S+)/,
    })
    return ready[1] as string
  }

  const millrace = async (name: string, only: string): Promise<string> => {
    options.signal.throwIfAborted()
    const port = await freePort()
    const ready = await tree.start({
      name,
      script: cli,
      args: [
        ...['run', config, '--only', only, '--data-dir', join(folder, name), '--gateway-port', String(port)],
        // A name of its own: after a crash it takes up its work at once instead of after a session time-out.
        ...['--instance-id', name],
      ],
      environment: {
        MILLRACE_BROKERS: brokers,
        CUSTOMERS_URL: databases.customers,
        ORDERS_URL: databases.orders,
        REPORTING_URL: databases.reporting,
      },
      ready: /gateway listening on (http:\S+)/,
    })
    return ready[1] as string
  }
  const [customersUrl, ordersUrl, capture, streams1, streams2, sink] = await Promise.all([
    service('customers', databases.customers),
    service('orders', databases.orders),
    millrace('capture', 'sources'),
    millrace('streams-1', 'apps'),
    millrace('streams-2', 'apps'),
    millrace('sink', 'sinks'),
  ])

  const owned = starting.move()
  return {
    brokers,
    customersUrl,
    ordersUrl,
    stateUrls: [streams1, streams2],
    gateways: { capture, sink },
    databases,
    tree,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Folders of shops that were killed: their names say which process they belonged to. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = /^millrace-shop-(\d+)-/.exec(name)?.[1]
    if (pid === undefined || isAlive(Number(pid))) continue
    await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function prepareReporting(urls: Shop['databases']): Promise<void> {
  await using databases = new Databases(urls)
  await databases.prepareReporting()
}

async function startEmbeddedBroker(tree: ProcessTree, folder: string, options: ShopOptions): Promise<string> {
  options.onStarting('the embedded broker')
  const ready = await tree.start({
    name: 'broker',
    script: cli,
    // The port is fixed, so that the broker comes back under the same address after a crash.
    args: ['broker', '--port', String(await freePort()), '--data', join(folder, 'broker')],
    ready: /listening on (\S+)/,
  })
  return ready[1] as string
}
