// A process with one instance of the shop and its gateway:
// `shop-instance.ts <brokers> <state directory> <standby copies> [worker]`. Says `listening on <url>` once it serves, and stops
// cleanly on SIGTERM. The gateway's token is that of the environment.
import { appState, type StateProvider, startGateway } from '@millrace/gateway'
import { startStreams } from '@millrace/streams'

const [brokers, stateDir, standbys, worker] = process.argv.slice(2) as [string, string, string, string?]
const state: StateProvider[] = []
await using gateway = await startGateway(
  { state, metrics: [], health: [], connectors: () => [], isStarting: () => state.length === 0 },
  { port: 0, token: process.env.SHOP_TOKEN },
)
await using streams = await startStreams({
  topology: new URL('./shop.ts', import.meta.url),
  workers: worker === 'worker',
  brokers,
  stateDir,
  applicationServer: gateway.address,
  numStandbyReplicas: Number(standbys),
  commitIntervalMs: 30,
  limits: { sessionTimeoutMs: 2_000, heartbeatIntervalMs: 200, transactionTimeoutMs: 2_000 },
})
state.push(appState(streams))
process.once('SIGTERM', () => void streams.close())
process.stdout.write(`listening on ${gateway.url}\n`)
await streams.finished
