// The topologies of the streams trials on Millrace; peers/kafka-streams/StreamsApp.java has the same. A module of its own,
// because every thread of an application loads it.
import { serdes, topic } from '@millrace/contracts'
import { type Topology, topology, tumbling, windowedSerde } from '@millrace/streams'

interface Order {
  readonly orderId: string
  readonly customerId: string
  readonly amountCents: number
  readonly currency: string
  readonly status: string
  readonly note: string
}

interface Customer {
  readonly name: string
  readonly country: string
}

interface Totals {
  readonly count: number
  readonly sum: number
}

interface Placed {
  readonly orderId: string
  readonly amountCents: number
  readonly country: string
}

export interface TopologyArguments {
  readonly name: string
  readonly applicationId: string
  readonly input: string
  readonly output: string
  /** What the join looks rows up in. */
  readonly table: string
}

type Build = (app: Topology, args: TopologyArguments) => void

const orders = (input: string) => topic(input, { key: serdes.string, value: serdes.json<Order>() })

const aggregate: Build = (app, { input, output }) => {
  const totals = topic(output, { key: serdes.string, value: serdes.json<Totals>() })
  const initial: Totals = { count: 0, sum: 0 }
  app
    .stream(orders(input))
    .groupByKey()
    .aggregate({ initial, store: 'totals' }, (total, order) => ({
      count: total.count + 1,
      sum: total.sum + order.amountCents,
    }))
    .to(totals)
}

const window: Build = (app, { input, output }) => {
  const minutes = tumbling({ sizeMs: 60_000, graceMs: 5_000 })
  const perMinute = topic(output, { key: windowedSerde(serdes.string, minutes), value: serdes.json<number>() })
  app.stream(orders(input)).groupByKey().window(minutes).count({ store: 'per-minute' }).toStream().to(perMinute)
}

const join: Build = (app, { input, output, table }) => {
  const customers = app.table(topic(table, { key: serdes.string, value: serdes.json<Customer>() }), {
    store: 'customers',
  })
  const joined = ({ orderId, amountCents }: Order, { country }: Customer): Placed => ({ orderId, amountCents, country })
  app
    .stream(orders(input))
    .join(customers, joined)
    .to(topic(output, { key: serdes.string, value: serdes.json<Placed>() }))
}

const filterMap: Build = (app, { input, output }) => {
  app
    .stream(orders(input))
    .filter((order) => order.amountCents % 4 === 0)
    .mapValues((order) => `${order.orderId}:${order.amountCents}`)
    .to(topic(output, { key: serdes.string, value: serdes.string }))
}

const passThrough: Build = (app, { input, output }) => {
  const bytes = { key: serdes.bytes, value: serdes.bytes }
  app.stream(topic(input, bytes)).to(topic(output, bytes))
}

const builds: Readonly<Record<string, Build>> = {
  aggregate,
  window,
  join,
  'filter-map': filterMap,
  'pass-through': passThrough,
}

export default (args: TopologyArguments): Topology => {
  const build = builds[args.name]
  if (!build) throw new TypeError(`there is no topology '${args.name}'`)
  const app = topology(args.applicationId)
  build(app, args)
  return app
}
