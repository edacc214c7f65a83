import { serdes, topic } from '@millrace/contracts'
import { joinWindows, rangeQuery, type Topology, topology } from '@millrace/streams'
import { customer, order, payment } from '../contracts.ts'
import { customerCount, dayMs, graceMs, isCloser, ordersOf, type Placed } from '../events.ts'
import type { Output, SimulatedApplication } from '../simulated-application.ts'

const text = { key: serdes.string, value: serdes.json<string>() }
/** Orders with the country of their customer. */
const filed = topic('filed', text)
/** Orders with each of their payments. */
const receipts = topic('receipts', text)
/** The last payment of each order, with a customer that it points at: each payment points at another one. */
const settled = topic('settled', { key: serdes.string, value: serdes.json<{ id: string; country: string }>() })
/** All orders of a customer. */
const folders = topic('folders', { key: serdes.string, value: serdes.json<readonly string[]>() })

/** Runs at least once: what it does twice it may say twice. */
function archiveApp(): Topology {
  const app = topology('archive')
  const orders = app.stream(order)
  const customers = app.table(customer, { store: 'customers', storage: 'memory' })
  const byCustomer = orders.selectKey((o): string => o.customer, { name: 'by-customer' })
  byCustomer
    .join(customers, (o, c) => ({ id: o.id, country: c.country }), { name: 'file' })
    .map(({ id, country }): [string, string] => [id, country])
    .to(filed)
  const payments = app.stream(payment)
  orders
    .join(payments, (_, p) => p.id, {
      within: joinWindows({ beforeMs: 0, afterMs: 10 * dayMs, graceMs }),
      name: 'receipt',
    })
    .to(receipts)
  payments
    .toTable({ store: 'last-payments' })
    .join(customers, (p, c) => ({ id: p.id, country: c.country }), {
      foreignKey: (p): string => `c${p.cents % customerCount}`,
      name: 'settle',
      store: 'settled',
    })
    .to(settled)
  byCustomer
    .groupByKey()
    .aggregate({ initial: [] as readonly string[], store: 'folders' }, (ids, o) => [...new Set([...ids, o.id])].sort())
    .to(folders)
  return app
}

/** Orders that no folder ever had in it, and folders with what is not theirs. */
function misfiled(outputs: readonly Output[], events: readonly Placed[]): string[] {
  const owners = new Map(ordersOf(events).map(({ id, customer: owner }) => [id, owner]))
  const seen = new Set<string>()
  const problems: string[] = []
  for (const { topic: where, key, value } of outputs) {
    if (where !== folders.name) continue
    for (const id of value as string[]) {
      seen.add(id)
      if (owners.get(id) !== key) problems.push(`folders: ${id} is in that of ${key}`)
    }
  }
  const lost = [...owners.keys()].filter((id) => !seen.has(id) && !isCloser(id))
  return [...problems, ...lost.map((id) => `folders: ${id} is in none`)]
}

export const archive: SimulatedApplication = {
  id: 'archive',
  topology: archiveApp,
  inputs: ['customer', 'order', 'payment'],
  customersMove: false,
  guarantee: 'at_least_once',
  outputs: [
    { contract: filed, compared: 'atLeastOnce' },
    { contract: receipts, compared: 'atLeastOnce' },
    { contract: settled, compared: 'last' },
    { contract: folders, compared: 'own' },
  ],
  reference: 'whole',
  check: misfiled,
  stores: [
    { name: 'customers', queries: [rangeQuery<unknown>({})] },
    { name: 'folders', queries: [rangeQuery<unknown>({})] },
    { name: 'settled', queries: [rangeQuery<unknown>({})] },
  ],
}
