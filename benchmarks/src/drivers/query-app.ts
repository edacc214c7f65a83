// An application that is asked while it works: `query-app.ts <brokers> <application id> <input> <output> <state directory>`.
// Says where it is asked over HTTP, and, for each line on standard input, what a call in the process took since the last.
import { createInterface } from 'node:readline'
import { serdes, topic } from '@millrace/contracts'
import { appState, type StateProvider, startGateway } from '@millrace/gateway'
import { startStreams, type Topology, topology } from '@millrace/streams'

interface Order {
  readonly customerId: string
  readonly amountCents: number
}

const [brokers = '', applicationId = '', input = '', output = '', stateDir = ''] = process.argv.slice(2)
const keys = 100_000

function aggregate(): Topology {
  const app = topology(applicationId)
  const totals = topic(output, { key: serdes.string, value: serdes.json<{ count: number; sum: number }>() })
  app
    .stream(topic(input, { key: serdes.string, value: serdes.json<Order>() }))
    .groupByKey()
    .aggregate({ initial: { count: 0, sum: 0 }, store: 'totals' }, (total, order) => ({
      count: total.count + 1,
      sum: total.sum + order.amountCents,
    }))
    .to(totals)
  return app
}

const state: StateProvider[] = []
await using gateway = await startGateway({ state, metrics: [], health: [], connectors: () => [] }, { port: 0 })
await using streams = await startStreams({
  topology: aggregate,
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
