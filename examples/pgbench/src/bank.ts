import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@millrace/conformance/free-port'
import { startPostgres } from '@millrace/conformance/postgres'
import { ProcessTree } from 'millrace/supervise'

const cli = join(dirname(fileURLToPath(import.meta.resolve('millrace/package.json'))), 'bin', 'millrace.js')
const config = join(import.meta.dirname, 'millrace.config.ts')

export interface Bank extends AsyncDisposable {
  readonly bankUrl: string
  readonly reportingUrl: string
  /** Starts the broker and Millrace, which stay up from here on; resolves with the URL to ask for state. */
  startMillrace(): Promise<string>
  readonly tree: ProcessTree
}

/** Two databases; the broker and `millrace run` as processes of their own, started again when they are killed. */
export async function startBank(onLine: (name: string, line: string) => void): Promise<Bank> {
  await using starting = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-pgbench-'))
  starting.defer(() => rm(folder, { recursive: true, force: true }))
  const postgres = starting.use(await startPostgres({ walLevel: 'logical' }))
  const bankUrl = await postgres.createDatabase('bank')
  const reportingUrl = await postgres.createDatabase('reporting')
  const tree = starting.use(new ProcessTree({ onLine }))
  const owned = starting.move()
  return {
    bankUrl,
    reportingUrl,
    tree,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
    async startMillrace() {
      const brokerPort = await freePort()
      const broker = await tree.start({
        name: 'broker',
        script: cli,
        args: ['broker', '--port', String(brokerPort), '--data', join(folder, 'broker')],
        ready: /listening on (\S+)/,
      })
      const gatewayPort = await freePort()
      const millrace = await tree.start({
        name: 'millrace',
        script: cli,
        // Under a name of its own it has its partitions back at once after a kill.
        args: [
          ...['run', config, '--instance-id', 'bank-1'],
          ...['--data-dir', join(folder, 'millrace'), '--gateway-port', String(gatewayPort)],
        ],
        environment: { MILLRACE_BROKERS: broker[1] as string, BANK_URL: bankUrl, REPORTING_URL: reportingUrl },
        ready: /gateway listening on (http:\S+)/,
      })
      return millrace[1] as string
    },
  }
}

/** Fixed before the start, so that a process comes back under the same address after a crash. */
