import { serdes, type TopicContract, topic } from '@millrace/contracts'
import { joinWindows, type Topology, topology, tumbling } from '@millrace/streams'
import { collectWhenAsked } from './isolate-memory.ts'

/** The `place`th payment of an account, from 1. */
export interface Payment {
  readonly id: string
  readonly account: string
  readonly place: number
  readonly cents: number
}

/**
 * What is known of an account after `count` payments. `mark` is made up anew at every computation and `before` is the mark of
 * the state that this one was computed from: so state that was never committed can be told from state that was,
 * although both say the same.
 */
export interface Sum {
  readonly count: number
  readonly cents: number
  readonly mark: number
  readonly before: number
}

export interface Account {
  readonly country: string
  readonly version: number
}

export interface Order {
  readonly customer: string
  readonly version: number
}

export interface BankArgs {
  /** Of the application, and what its topics begin with. */
  readonly name: string
  readonly optimize?: boolean
  /** How long windows and joins wait for what is late. */
  readonly graceMs?: number
}

export const windowMs = 10_000
/** How far a refund may be from its payment. */
export const refundWithinMs = 60_000
const dayMs = 86_400_000
const nobody: Sum = { count: 0, cents: 0, mark: 0, before: 0 }

type Json<V> = TopicContract<string, V>

function json<V>(name: string): Json<V> {
  return topic(name, { key: serdes.string, value: serdes.json<V>() })
}

/** Everything that the application reads and writes. */
export function bankTopics(name: string) {
  return {
    payments: json<Payment>(`${name}.payments`),
    refunds: json<{ cents: number }>(`${name}.refunds`),
    accounts: json<Account>(`${name}.accounts`),
    orders: json<Order>(`${name}.orders`),
    customers: json<{ version: number }>(`${name}.customers`),
    totals: json<Sum>(`${name}.totals`),
    perWindow: json<Sum>(`${name}.per-window`),
    enriched: json<Payment & Account>(`${name}.enriched`),
    refunded: json<{ paid: number; refunded: number }>(`${name}.refunded`),
    placed: json<Order & { customerVersion: number }>(`${name}.placed`),
  } as const
}

/**
 * A bank with a repartition topic, sums, sums by window, a stream-table, a stream-stream and a foreign-key join. All payments of an
 * account come from one partition, so that its sums form one sequence whatever happens to the instances.
 */
export default function bankApp(args: unknown): Topology {
  collectWhenAsked()
  const { name, optimize = false, graceMs = dayMs } = args as BankArgs
  const topics = bankTopics(name)
  const app = topology(name, { optimize })
  const payments = app.stream(topics.payments)
  const byAccount = payments.selectKey((p): string => p.account).repartition({ name: 'by-account' })
  byAccount.groupByKey().aggregate({ initial: nobody, store: 'totals' }, add).to(topics.totals)
  byAccount
    .groupByKey()
    .window(tumbling({ sizeMs: windowMs, graceMs }))
    .aggregate({ initial: nobody, store: 'per-window' }, add)
    .toStream({ tombstones: false })
    .selectKey((_, windowed): string => `${windowed.key}/${windowed.window.start}`)
    .to(topics.perWindow)
  byAccount
    .join(app.table(topics.accounts, { store: 'accounts' }), (p, a) => ({ ...p, ...a }), { name: 'with-account' })
    .to(topics.enriched)
  payments
    .join(app.stream(topics.refunds), (p, r) => ({ paid: p.cents, refunded: r.cents }), {
      within: joinWindows({ beforeMs: refundWithinMs, afterMs: refundWithinMs, graceMs }),
      name: 'refunded',
    })
    .to(topics.refunded)
  app
    .table(topics.orders, { store: 'orders' })
    .join(app.table(topics.customers, { store: 'customers' }), (o, c) => ({ ...o, customerVersion: c.version }), {
      foreignKey: (o): string => o.customer,
      name: 'placed',
      store: 'placed',
    })
    .toStream({ tombstones: false })
    .to(topics.placed)
  return app
}

function add(sum: Sum, { cents }: Payment): Sum {
  const mark = Math.floor(Math.random() * 2 ** 40) + 1
  return { count: sum.count + 1, cents: sum.cents + cents, mark, before: sum.mark }
}
