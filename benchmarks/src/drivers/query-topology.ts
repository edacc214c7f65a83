import { serdes, topic } from '@millrace/contracts'
import { type Topology, topology } from '@millrace/streams'

interface Order {
  readonly customerId: string
  readonly amountCents: number
}

/** What `query-app.ts` runs and is asked about. */
export default function aggregate(args: unknown): Topology {
  const { applicationId, input, output } = args as { applicationId: string; input: string; output: string }
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
