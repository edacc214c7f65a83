import { serdes, topic } from '@millrace/contracts'
import {
  joinWindows,
  keyQuery,
  keyValueStore,
  queryable,
  type StreamsInstance,
  sessionStore,
  topology,
  tumbling,
  untilWindowCloses,
  versionedStore,
  windowKeyQuery,
  windowStore,
} from '@millrace/streams'

// Programs that do not compile. `test/types.test.ts` expects what stands above each of them in the compiler's message.

interface Order {
  customerId: string
  amount: number
}
const order = topic('order', { key: serdes.string, value: serdes.json<Order>() })
const customer = topic('customer', { key: serdes.string, value: serdes.json<{ country: string }>() })
const numbered = topic('numbered', { key: serdes.int32, value: serdes.json<{ country: string }>() })
const totals = topic('totals', { key: serdes.string, value: serdes.json<number>() })
const app = topology('misuse')
const orders = app.stream(order)
const within = joinWindows({ differenceMs: 1 })
const perMinute = orders
  .groupByKey()
  .window(tumbling({ sizeMs: 60_000 }))
  .count()
const windows = windowStore<string, number>({ name: 'windows', sizeMs: 1, retentionMs: 1 })
const versions = versionedStore<string, number>({ name: 'versions', historyRetentionMs: 1 })
const sessions = sessionStore<string, number>({ name: 'sessions', retentionMs: 1 })
const amounts = keyValueStore<string, number>({ name: 'amounts' })

// @ts-expect-error The two sides of a join must have keys of the same type; give one of them that key first (selectKey, groupBy)
orders.join(app.table(numbered), (o) => o)
// @ts-expect-error The two sides of a join must have keys of the same type; give one of them that key first (selectKey, groupBy)
orders.leftJoin(app.stream(numbered), (o) => o, { within })
// @ts-expect-error The two sides of a join must have keys of the same type; give one of them that key first (selectKey, groupBy)
app.table(order).join(app.table(numbered), (o) => o)
// @ts-expect-error The two sides of a join must have keys of the same type; give one of them that key first (selectKey, groupBy)
app.table(order).outerJoin(app.table(numbered), (o) => o)
// @ts-expect-error The keys of the stream are those of windows: the topic needs windowedSerde(…) for its keys, or the stream map(…) first
perMinute.to(totals)
// @ts-expect-error The keys of the stream are those of windows: the topic needs windowedSerde(…) for its keys, or the stream map(…) first
perMinute.toStream().to(totals)
// @ts-expect-error TypeMismatch<"The keys of the stream do not match the keys of the topic contract", { stream: string; topic: number; }>
orders.mapValues((o) => ({ country: o.customerId })).to(numbered)
// @ts-expect-error TypeMismatch<"The values of the stream do not match the values of the topic contract", { stream: Order; topic: number; }>
orders.to(totals)
// @ts-expect-error Only rows of windows have a close; without windows use untilTimeLimit
app.table(customer).suppress(untilWindowCloses({ buffer: 'unbounded' }))
// @ts-expect-error A callback of a topology must not return a promise: topologies are synchronous
orders.mapValues(async (o) => o.amount)
// @ts-expect-error Type 'Promise<number>' is not assignable to type 'number'
orders.groupByKey().reduce(async (total, o) => total + o.amount, { initial: 0 })
// @ts-expect-error A topic fills a store of keys and values: keyValueStore, timestampedKeyValueStore or keyValueStoreWithHeaders
app.readOnlyStore(totals, () => ({ process() {} }), { store: windows })
// @ts-expect-error A topic fills a store of keys and values, of windows or of sessions: versions are not kept by global stores
app.globalStore(totals, () => ({ process() {} }), { store: versions })
orders.process((context) => {
  // @ts-expect-error A store of keys and values has no fetch: it is asked by get(key), range({ from, to }) or all()
  context.store(amounts).fetch('a', {})
  // @ts-expect-error A window store has no range: it is asked by get(key, windowStartMs), fetch(key, { fromMs, toMs }), fetchAll({ fromMs, toMs }) or all()
  context.store(windows).range({ from: 'a' })
  // @ts-expect-error A session store has no get: it is asked by fetchSession(key, startMs, endMs), findSessions(key, query), fetch(key) or all()
  context.store(sessions).get('a')
  // @ts-expect-error A versioned store has no fetchAll: it is asked by get(key, asOfMs?) or put(key, value, timestamp)
  context.store(versions).fetchAll({ fromMs: 0, toMs: 1 })
  return { process() {} }
})
// @ts-expect-error A join of two streams takes (value, other, key) => result, no promise, and { within: joinWindows(…) }
orders.join(app.stream(customer), (o) => o)
// @ts-expect-error A join of two streams takes (value, other, key) => result, no promise, and { within: joinWindows(…) }
orders.leftJoin(app.stream(customer), async (o) => o, { within })
// @ts-expect-error A join with a table takes (value, row, key) => result, no promise, and options of such a join
orders.join(app.table(customer), (o) => o, { within })
// @ts-expect-error A join with a global table takes (value, row, key, mappedKey) => result, no promise, and { mapKey: (value, key) => a key of the table }
orders.join(app.globalTable(numbered), (o) => o, { mapKey: (o) => o.customerId })
// @ts-expect-error A stream is joined with a stream, a table or a global table
orders.join(numbered, (o) => o)
// @ts-expect-error TypeMismatch<"What foreignKey returns is no key of the other table, nor null", { foreignKey: string; otherKey: number; }>
app.table(order).join(app.table(numbered), (o) => o, { foreignKey: (o) => o.customerId })
// @ts-expect-error A join by foreign key takes (value, other, key) => result, no promise, and { foreignKey: (value, key) => a key of the other table, or null }
app.table(order).join(app.table(customer), async (o) => o, { foreignKey: (o) => o.customerId })
// @ts-expect-error A table is joined with a table; a stream becomes one by toTable()
app.table(order).join(orders, (o) => o)
// @ts-expect-error groupBy takes (value, key) => the new key, no promise, the name of its topic, and the serde of keys that are no text
orders.groupBy((o) => o.amount, { name: 'by-amount' })
// @ts-expect-error groupBy takes (value, key) => the new key, no promise, the name of its topic, and the serde of keys that are no text
orders.groupBy((o) => o.customerId)
// @ts-expect-error groupBy takes (value, key) => the new key, no promise, the name of its topic, and the serde of keys that are no text
orders.groupBy((o) => o.amount, { name: 'by-amount', key: serdes.string })
// @ts-expect-error groupBy of a table takes (value, key) => [the new key, the new value], the name of its topic, and the serde
app.table(order).groupBy((o) => o.customerId, { name: 'by-customer' })
// @ts-expect-error Streams that are merged have keys of the same type and values of the same type: map one of them first
orders.merge(app.stream(customer))
// @ts-expect-error A predicate takes (value, key, context) and returns true or false, no promise
orders.filter(async (o) => o.amount > 5)
// @ts-expect-error A predicate takes (value, key, context) and returns true or false, no promise
orders.filterNot((o) => o.customerId)

declare const streams: StreamsInstance
// @ts-expect-error A window store does not answer a keyQuery: it is asked by windowKeyQuery or windowRangeQuery
streams.queries.query(queryable.window('windows', totals), keyQuery('a'))
// @ts-expect-error A store of keys and values does not answer a windowKeyQuery: it is asked by keyQuery, timestampedKeyQuery, rangeQuery or timestampedRangeQuery
streams.queries.query(queryable.keyValue('amounts', totals), windowKeyQuery('a'))
