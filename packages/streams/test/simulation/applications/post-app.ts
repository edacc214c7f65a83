import { serdes, topic } from '@millrace/contracts'
import { joinWindows, multiVersionedKeyQuery, type Topology, topology } from '@millrace/streams'
import { country, customer, order, payment } from '../contracts.ts'
import { dayMs, graceMs, roundMs } from '../events.ts'
import type { SimulatedApplication } from '../simulated-application.ts'

const text = { key: serdes.string, value: serdes.json<string | null>() }
/** Orders with their payments, each pair once, and what has stayed alone. */
const settled = topic('settled', text)
/** Orders that were paid at once, and those that were not. */
const prompt = topic('prompt', text)
/** Where a customer was at the time of an order. */
const located = topic('located', text)
/** The name of a country for every order. */
const named = topic('named', text)

/**
 * Left and outer joins of streams, whose lonely records come out when nothing can meet them any more; a join with a table
 * as it was at the time of each record; and one with a global table.
 */
function postApp(): Topology {
  const app = topology('post')
  const orders = app.stream(order)
  const payments = app.stream(payment)
  // Rows that have not changed for longer than that are still what they are.
  const customers = app.table(customer, { store: 'customers', historyRetentionMs: 8 * roundMs })
  orders
    .outerJoin(payments, (o, p) => ({ key: `${o?.id ?? 'none'}/${p?.id ?? 'none'}`, customer: o?.customer ?? '' }), {
      within: joinWindows({ beforeMs: 0, afterMs: dayMs, graceMs }),
      name: 'settle',
      store: 'settle',
    })
    .map(({ key, customer: who }): [string, string] => [key, who])
    .to(settled)
  orders
    .leftJoin(payments, (_, p) => p?.id ?? null, {
      within: joinWindows({ beforeMs: 0, afterMs: 3_600_000, graceMs }),
      name: 'pay',
      store: 'pay',
    })
    .to(prompt)
  orders
    .selectKey((o): string => o.customer, { name: 'by-customer' })
    .leftJoin(customers, (o, c) => ({ id: o.id, country: c?.country ?? null }), { name: 'locate', graceMs })
    .map(({ id, country: where }): [string, string | null] => [id, where])
    .to(located)
  orders
    .leftJoin(app.globalTable(country, { store: 'countries' }), (_, c) => c?.name ?? null, {
      mapKey: ({ cents }) => ['AT', 'CH', 'XX'][cents % 3]!,
    })
    .to(named)
  return app
}

export const post: SimulatedApplication = {
  id: 'post',
  topology: postApp,
  inputs: ['customer', 'order', 'payment', 'country'],
  globals: ['country'],
  customersMove: true,
  outputs: [settled, prompt, located, named].map((contract) => ({ contract, compared: 'exactly' })),
  reference: 'whole',
  stores: [
    { name: 'customers', queries: Array.from({ length: 12 }, (_, i) => multiVersionedKeyQuery<unknown>(`c${i}`)) },
  ],
}
