// An application that is asked while it works: `query-app.ts <brokers> <application id> <input> <output> <state directory>`.
// Says where it is asked over HTTP, and, for each line on standard input, what a call in the process took since the last.
import { createInterface } from 'node:readline'
import { appState, type StateProvider, startGateway } from '@millrace/gateway'
import { startStreams } from '@millrace/streams'

const [brokers = '', applicationId = '', input = '', output = '', stateDir = ''] = process.argv.slice(2)
const keys = 100_000

const state: StateProvider[] = []
await using gateway = await startGateway({ state, metrics: [], health: [], connectors: () => [] }, { port: 0 })
await using streams = await startStreams({
  topology: new URL('./query-topology.ts', import.meta.url),
  args: { applicationId, input, output },
  // Otherwise answers would wait for the turn of what processes, or for its slice of the only free core.
  workers: true,
  workerNiceness: 10,
  applicationId,
  brokers,
  stateDir,
  applicationServer: gateway.address,
})
state.push(appState(streams))

let took: number[] = []
let number = 0
const asking = setInterval(() => {
  if (streams.state() !== 'running') return
  number = (number + 7_919) % keys
  const key = `customer-${String(number).padStart(6, '0')}`
  const startedMs = performance.now()
  streams.queries.get('totals', key)
  took.push(performance.now() - startedMs)
}, 2)
createInterface(process.stdin).on('line', () => {
  console.log(`took ${JSON.stringify(took)}`)
  took = []
})
streams.onStateChange((now) => {
  if (now === 'running') console.log(`serving ${gateway.url}`)
})
process.once('SIGTERM', () => void streams.close())
await streams.finished
clearInterval(asking)
process.exit()
