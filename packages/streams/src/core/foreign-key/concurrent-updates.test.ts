import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { topology } from '../../index.ts'
import { runnable } from '../dsl/topology.ts'
import { failLoudly } from '../handlers.ts'
import { memoryStores } from '../stores/memory-store.ts'
import { RecordCache } from '../stores/record-cache.ts'
import { createStreamTask } from '../stream-task.ts'
import { defaultTaskConfig, type TaskOutput } from '../task.ts'

const orders = topic('orders', { key: serdes.string, value: serdes.json<{ customer: string | null; n: number }>() })
const customers = topic('customers', { key: serdes.string, value: serdes.json<number>() })
const out = topic('out', { key: serdes.string, value: serdes.string })

function program(isLeft: boolean) {
  const app = topology('fk')
  const rows = app.table(orders)
  const others = app.table(customers)
  const options = { foreignKey: (o: { customer: string | null }) => o.customer }
  const joined = isLeft
    ? rows.leftJoin(others, (o, c) => `${o.n}/${c}`, options)
    : rows.join(others, (o, c) => `${o.n}/${c}`, options)
  joined.to(out)
  return runnable(app).plan()
}

type Bytes = Buffer | null

/** Both sub-topologies at work; whichever topic has records may be next, so that the sides overtake each other. */
function run(isLeft: boolean, seed: number): { found: Map<string, string | null>; expected: Map<string, string> } {
  const random = seededRandom(seed)
  const below = (bound: number): number => Math.floor(random.next() * bound)
  const queues = new Map<string, { key: Bytes; value: Bytes }[]>()
  const offsets = new Map<string, number>()
  const push = (name: string, key: Uint8Array | null, value: Uint8Array | null): void => {
    const records = queues.get(name) ?? []
    queues.set(name, records)
    records.push({ key: key && Buffer.from(key), value: value && Buffer.from(value) })
  }
  const output: TaskOutput = {
    produce: (name, _partition, _timestamp, key, value) => push(name, key, value),
    changelog() {},
    deadLetter() {},
  }
  const plan = program(isLeft)
  const shared = { plan, stores: memoryStores(), output, clock: new VirtualClock(0), partitionsOf: () => 1 }
  const config = { ...defaultTaskConfig, handlers: failLoudly, maxTaskIdleMs: -1 }
  const tasks = [0, 1].map((subtopology) =>
    createStreamTask({
      ...shared,
      cache: new RecordCache({ maxBytes: 0 }),
      config,
      taskId: { subtopology, partition: 0 },
    }),
  )
  const state = {
    orders: new Map<string, { customer: string | null; n: number }>(),
    customers: new Map<string, number>(),
  }
  for (let n = 0; n < 60; n++) {
    const isDeletion = below(5) === 0
    if (below(2) === 0) {
      const key = `o${below(3)}`
      const value = { customer: below(6) === 0 ? null : `c${below(3)}`, n: below(3) }
      if (isDeletion) state.orders.delete(key)
      else state.orders.set(key, value)
      push('orders', orders.key.serialize(key), isDeletion ? null : orders.value.serialize(value))
    } else {
      const key = `c${below(3)}`
      if (isDeletion) state.customers.delete(key)
      else state.customers.set(key, n)
      push('customers', customers.key.serialize(key), isDeletion ? null : customers.value.serialize(n))
    }
  }
  for (;;) {
    const ready = [...queues].filter(([name, records]) => name !== 'out' && records.length > 0)
    if (ready.length === 0) break
    const [name, records] = ready[below(ready.length)]!
    const { key, value } = records.shift()!
    const firstOffset = offsets.get(name) ?? 0
    offsets.set(name, firstOffset + 1)
    const builder = new RecordBatchBuilder()
    builder.append(0, key, value, [])
    const batches = [new RecordBatchView(builder.build({ baseOffset: firstOffset }))]
    const nextOffset = firstOffset + 1
    const task = tasks.find(({ inputs }) => inputs.some((input) => input.topic === name))!
    task.addBatches({ topic: name, partition: 0, batches, firstOffset, nextOffset, endOffset: nextOffset })
    while (task.process({ budgetMs: Number.POSITIVE_INFINITY }) > 0);
  }
  const found = new Map<string, string | null>()
  for (const { key, value } of queues.get('out') ?? []) {
    found.set(out.key.deserialize(key!), value && out.value.deserialize(value))
  }
  const expected = new Map<string, string>()
  for (const [key, { customer, n }] of state.orders) {
    const row = customer === null ? undefined : state.customers.get(customer)
    if (row !== undefined || isLeft) expected.set(key, `${n}/${row ?? null}`)
  }
  return { found, expected }
}

for (const isLeft of [false, true]) {
  test(`whatever order both sides' updates meet in, the last rows are right: ${isLeft ? 'left' : 'inner'} join`, () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { found, expected } = run(isLeft, seed)
      const rows = new Map([...found].filter(([, value]) => value !== null).sort())
      assert.deepEqual(rows, new Map([...expected].sort()), `seed ${seed}`)
    }
  })
}
