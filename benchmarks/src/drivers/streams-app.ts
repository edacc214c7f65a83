// The topologies of the streams trials on Millrace; peers/kafka-streams/StreamsApp.java has the same.
import { serdes, topic } from '@millrace/contracts'
import { startStreams, type Topology, topology } from '@millrace/streams'

interface Order {
  readonly orderId: string
  readonly customerId: string
  readonly amountCents: number
  readonly currency: string
  readonly status: string
  readonly note: string
}

interface Totals {
  readonly count: number
  readonly sum: number
}

const [name = '', brokers = '', applicationId = '', input = '', output = '', stateDir = ''] = process.argv.slice(2)
const orders = topic(input, { key: serdes.string, value: serdes.json<Order>() })

function aggregate(): Topology {
  const app = topology(applicationId)
  const totals = topic(output, { key: serdes.string, value: serdes.json<Totals>() })
  const initial: Totals = { count: 0, sum: 0 }
  app
    .stream(orders)
    .groupByKey()
    .aggregate({ initial, store: 'totals' }, (total, order) => ({
      count: total.count + 1,
      sum: total.sum + order.amountCents,
    }))
    .to(totals)
  return app
}

function filterMap(): Topology {
  const app = topology(applicationId)
  app
    .stream(orders)
    .filter((order) => order.amountCents % 4 === 0)
    .mapValues((order) => `${order.orderId}:${order.amountCents}`)
    .to(topic(output, { key: serdes.string, value: serdes.string }))
  return app
}

const streams = await startStreams({
  topology: name === 'aggregate' ? aggregate : filterMap,
  applicationId,
  brokers,
  stateDir,
})
streams.onStateChange((state) => console.log(`state ${state}`))
process.once('SIGTERM', () => void streams.close())
await streams.finished
process.exit()
