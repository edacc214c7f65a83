import { serdes, topic } from '@millrace/contracts'
import {
  type FixedKeyProcessorContext,
  type KeyValueStore,
  type KStream,
  keyValueStore,
  type ProcessorContext,
  type TimestampedKeyValueStore,
  timestampedKeyValueStore,
  topology,
} from '../../index.ts'

// Checked by the compiler alone: nothing here runs.

interface Order {
  customerId: string
  amount: number
}
const order = topic('order', { key: serdes.string, value: serdes.json<Order>() })
const total = topic('total', { key: serdes.string, value: serdes.json<number>() })
const app = topology('types')
const orders = app.stream(order)
const totals = keyValueStore<string, number>({ name: 'totals' })

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(proof: Equal<A, B>): void
/** Without the sentences about what stores of other kinds have. */
type Own<A extends B, B> = Pick<A, keyof B>

// Types of records follow from the stream, those of what is handed on from the context.
const summed = orders.process(
  (context: ProcessorContext<string, number>) => {
    const store = context.store(totals)
    same<Own<typeof store, KeyValueStore<string, number>>, KeyValueStore<string, number>>(true)
    return {
      process(record) {
        same<typeof record.value, Order>(true)
        context.forward({ key: record.value.customerId, value: record.value.amount })
        // @ts-expect-error values are numbers
        context.forward({ key: record.key, value: record.value })
        // @ts-expect-error the store keeps numbers
        store.put(record.key, record.value)
      },
    }
  },
  { stores: [totals] },
)
same<typeof summed, KStream<string, number>>(true)
summed.to(total)

// Without a word about it, a processor hands on what it takes.
const same1 = orders.process((context) => ({
  process(record) {
    context.forward({ ...record, value: { ...record.value, amount: 0 } })
    // @ts-expect-error the type of values is said by annotating the context
    context.forward({ ...record, value: 1 })
  },
}))
same<typeof same1, KStream<string, Order>>(true)

const kept = orders.processValues((context: FixedKeyProcessorContext<string, number>) => ({
  process(record) {
    context.forward({ ...record, value: record.value.amount })
    // @ts-expect-error a record of another key
    context.forward({ key: 'other', value: 1 })
  },
}))
same<typeof kept, KStream<string, number>>(true)

// A supplier may bring its stores.
const supplier = {
  stores: [totals],
  create: (context: ProcessorContext<string, number>) => ({
    process({ key, value }: { key: string; value: Order }) {
      context.forward({ key, value: value.amount })
    },
  }),
}
const brought = orders.process(supplier)
same<typeof brought, KStream<string, number>>(true)
app
  .stream(total)
  // @ts-expect-error the supplier takes orders
  .process(supplier)

const rows = timestampedKeyValueStore<number, string>({ name: 'rows', key: serdes.int32 })
orders.process((context) => {
  const store = context.store(rows)
  same<Own<typeof store, TimestampedKeyValueStore<number, string>>, TimestampedKeyValueStore<number, string>>(true)
  const byName = context.store<KeyValueStore<string, Order>>('other')
  same<Own<typeof byName, KeyValueStore<string, Order>>, KeyValueStore<string, Order>>(true)
  return { process() {} }
})
// @ts-expect-error keys that are no strings need a serde
keyValueStore<number, string>({ name: 'numbers' })
// @ts-expect-error a processor has a process function
orders.process(() => ({ close() {} }))

// Graphs written out by hand are typed from source to sink.
const source = app.source('orders', order)
const added = app.processor(
  'add-up',
  (context: ProcessorContext<string, number>) => ({
    process(record) {
      same<typeof record.value, Order>(true)
      context.forward({ key: record.key, value: record.value.amount })
    },
  }),
  { from: source, stores: [totals] },
)
app.sink('totals', total, { from: added })
// @ts-expect-error The values of the stream do not match the values of the topic contract
app.sink('orders', total, { from: source })

// Extractors are given what the contract declares.
app.stream(order, { timestamp: (record) => record.value?.amount ?? record.timestamp })
// @ts-expect-error there is no such field
app.table(order, { timestamp: (record) => record.value?.placedAt ?? record.timestamp })
