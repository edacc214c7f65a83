import { serdes, topic } from '@millrace/contracts'
import { joinWindows, type KStream, type KTable, topology, tumbling, type Windowed } from '../../index.ts'

// Checked by the compiler alone: nothing here runs.

interface Order {
  customerId: string
  amount: number
}
const order = topic('order', { key: serdes.string, value: serdes.json<Order>() })
const customer = topic('customer', { key: serdes.string, value: serdes.json<{ country: string }>() })
const numbered = topic('numbered', { key: serdes.int32, value: serdes.json<{ country: string }>() })
const spend = topic('spend', { key: serdes.string, value: serdes.json<{ country: string; total: number }>() })
const totals = topic('totals', { key: serdes.string, value: serdes.json<number>() })
const app = topology('types')
const orders = app.stream(order)

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(proof: Equal<A, B>): void

// Types follow from the contracts through every step.
orders
  .groupBy((o) => o.customerId, { name: 'by-customer' })
  .reduce((total, o) => total + o.amount, { initial: 0, store: 'totals' })
  .join(app.table(customer), (total, c) => ({ country: c.country, total }), { store: 'spend' })
  .to(spend)

const mapped = orders.map((o, key) => [o.amount, key] as const, { key: serdes.int32 })
same<typeof mapped, KStream<number, string>>(true)
const windowed = orders
  .groupByKey()
  .window(tumbling({ sizeMs: 1 }))
  .count()
same<typeof windowed, KTable<Windowed<string>, number>>(true)
const joined = orders.leftJoin(app.table(customer), (o, c) => c?.country ?? o.customerId)
same<typeof joined, KStream<string, string>>(true)
const narrowed = orders.mapValues((o): string | null => o.customerId).filter((id) => id !== null)
same<typeof narrowed, KStream<string, string>>(true)
const deletions = app.table(customer).toStream()
same<typeof deletions, KStream<string, { country: string } | null>>(true)
const withTombstones = app.stream(order, { tombstones: true })
same<typeof withTombstones, KStream<string, Order | null>>(true)
const branches = orders.split({ large: (o) => o.amount > 5, rest: 'otherwise' })
same<typeof branches.rest, KStream<string, Order>>(true)
const rows = app.table(customer).mapValues((c) => (c.country === '' ? null : c.country))
same<typeof rows, KTable<string, string>>(true)
// Tombstones may be written to every topic.
app.table(customer).toStream().to(customer)

// @ts-expect-error The values of the stream do not match the values of the topic contract
orders.to(totals)
// @ts-expect-error The values of the stream do not match the values of the topic contract
orders.toOneOf([order, totals], () => order)
// @ts-expect-error a topic that was not named
orders.toOneOf([order], () => customer)
// @ts-expect-error The keys of the stream do not match the keys of the topic contract
orders.mapValues((o) => ({ country: o.customerId })).to(numbered)
// @ts-expect-error The two sides of a join must have keys of the same type
orders.join(app.table(numbered), (o) => o)
// @ts-expect-error The two sides of a join must have keys of the same type
app.table(customer).join(app.table(numbered), (a) => a)
const within = joinWindows({ differenceMs: 1 })
const paired = orders.leftJoin(app.stream(customer), (o, c) => [o.amount, c?.country] as const, { within })
same<typeof paired, KStream<string, readonly [number, string | undefined]>>(true)
const lone = orders.outerJoin(app.stream(customer), (o, c) => o?.customerId ?? c?.country ?? '', {
  within,
  store: 'lone',
})
same<typeof lone, KStream<string, string>>(true)
// @ts-expect-error The two sides of a join must have keys of the same type
orders.join(app.stream(numbered), (o) => o, { within })
const looked = orders.leftJoin(app.globalTable(numbered), (o, row, _key, id) => [o.amount, row?.country, id] as const, {
  mapKey: (o) => o.amount,
})
same<typeof looked, KStream<string, readonly [number, string | undefined, number | null]>>(true)
// @ts-expect-error the mapped key is the global table's
orders.join(app.globalTable(numbered), (o) => o, { mapKey: (o) => o.customerId })
const enriched = app
  .table(order)
  .leftJoin(app.table(customer), (o, c, id) => ({ id, amount: o.amount, country: c?.country }), {
    foreignKey: (o) => o.customerId,
  })
same<typeof enriched, KTable<string, { id: string; amount: number; country: string | undefined }>>(true)
// @ts-expect-error a foreign key of another type than the other table's keys
app.table(order).join(app.table(numbered), (o) => o, { foreignKey: (o) => o.customerId })
// @ts-expect-error a join of two streams needs a window
orders.join(app.stream(customer), (o) => o)
// @ts-expect-error A callback of a topology must not return a promise
orders.join(app.stream(customer), async (o) => o, { within })
// @ts-expect-error A callback of a topology must not return a promise
orders.mapValues(async (o) => o.amount)
// @ts-expect-error a predicate is no promise either
orders.filter(async (o) => o.amount > 5)
// @ts-expect-error A callback of a topology must not return a promise
orders.groupByKey().reduce(async (total, o) => total + o.amount, { initial: 0 })
// @ts-expect-error a key that is no text needs a serde
orders.groupBy((o) => o.amount, { name: 'by-amount' })
// @ts-expect-error a serde of another type
orders.groupBy((o) => o.amount, { name: 'by-amount', key: serdes.string })
// @ts-expect-error a repartition topic needs a name
orders.groupBy((o) => o.customerId)
// @ts-expect-error streams of other types do not merge
orders.merge(app.stream(customer))
// @ts-expect-error a windowed key is no text
windowed.toStream().to(totals)
// @ts-expect-error a value serde of another type than the aggregate's
orders.groupByKey().reduce((total, o) => total + o.amount, { initial: 0, value: serdes.string })

orders.groupBy((o) => o.amount, { name: 'by-amount', key: serdes.int32 }).count()
