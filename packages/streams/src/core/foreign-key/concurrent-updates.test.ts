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
import { defaultTaskConfig, type StreamTask, type TaskOutput } from '../task.ts'

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

/** Both sub-topologies, and what lies in topics between them. */
class Sides {
  readonly queues = new Map<string, { key: Bytes; value: Bytes }[]>()
  /** Records of each topic that were read. */
  readonly read = new Map<string, number>()
  readonly #tasks: readonly StreamTask[]

  constructor(isLeft: boolean, cacheMaxBytes: number) {
    const output: TaskOutput = {
      produce: (name, _partition, _timestamp, key, value) => this.push(name, key, value),
      changelog() {},
      deadLetter() {},
    }
    const plan = program(isLeft)
    const shared = { plan, stores: memoryStores(), output, clock: new VirtualClock(0), partitionsOf: () => 1 }
    const config = { ...defaultTaskConfig, handlers: failLoudly, maxTaskIdleMs: -1 }
    this.#tasks = [0, 1].map((subtopology) =>
      createStreamTask({
        ...shared,
        cache: new RecordCache({ maxBytes: cacheMaxBytes }),
        config,
        taskId: { subtopology, partition: 0 },
      }),
    )
  }

  push(name: string, key: Uint8Array | null, value: Uint8Array | null): void {
    const records = this.queues.get(name) ?? []
    this.queues.set(name, records)
    records.push({ key: key && Buffer.from(key), value: value && Buffer.from(value) })
  }

  /** Topics that have a record to read. */
  get readable(): string[] {
    return [...this.queues].filter(([name, records]) => name !== 'out' && records.length > 0).map(([name]) => name)
  }

  /** The next record of the topic comes to who reads it. */
  deliver(name: string): StreamTask {
    const { key, value } = this.queues.get(name)!.shift()!
    const firstOffset = this.read.get(name) ?? 0
    const nextOffset = firstOffset + 1
    this.read.set(name, nextOffset)
    const builder = new RecordBatchBuilder()
    builder.append(0, key, value, [])
    const batches = [new RecordBatchView(builder.build({ baseOffset: firstOffset }))]
    const task = this.#tasks.find(({ inputs }) => inputs.some((input) => input.topic === name))!
    task.addBatches({ topic: name, partition: 0, batches, firstOffset, nextOffset, endOffset: nextOffset })
    while (task.process({ budgetMs: Number.POSITIVE_INFINITY }) > 0);
    return task
  }

  commitAll(): void {
    for (const task of this.#tasks) commit(task)
  }
}

function commit(task: StreamTask): void {
  assert.ok(task.flush())
  task.commitStores(new Map())
}

/**
 * Whichever topic has records may be next, so that the sides overtake each other. With a cache the rows' side hands some
 * changes on later than it knows of them.
 */
function run(
  isLeft: boolean,
  cacheMaxBytes: number,
  seed: number,
): { found: Map<string, string | null>; expected: Map<string, string> } {
  const random = seededRandom(seed)
  const below = (bound: number): number => Math.floor(random.next() * bound)
  const sides = new Sides(isLeft, cacheMaxBytes)
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
      sides.push('orders', orders.key.serialize(key), isDeletion ? null : orders.value.serialize(value))
    } else {
      const key = `c${below(3)}`
      if (isDeletion) state.customers.delete(key)
      else state.customers.set(key, n)
      sides.push('customers', customers.key.serialize(key), isDeletion ? null : customers.value.serialize(n))
    }
  }
  for (;;) {
    if (sides.readable.length === 0) sides.commitAll()
    const { readable } = sides
    if (readable.length === 0) break
    const task = sides.deliver(readable[below(readable.length)]!)
    if (cacheMaxBytes > 0 && below(6) === 0) commit(task)
  }
  const found = new Map<string, string | null>()
  for (const { key, value } of sides.queues.get('out') ?? []) {
    found.set(out.key.deserialize(key!), value && out.value.deserialize(value))
  }
  const expected = new Map<string, string>()
  for (const [key, { customer, n }] of state.orders) {
    const row = customer === null ? undefined : state.customers.get(customer)
    if (row !== undefined || isLeft) expected.set(key, `${n}/${row ?? null}`)
  }
  return { found, expected }
}

for (const [isLeft, cacheMaxBytes] of [
  [false, 0],
  [false, 1_000_000],
  [true, 0],
  [true, 1_000_000],
] as const) {
  const name = `${isLeft ? 'left' : 'inner'} join, ${cacheMaxBytes > 0 ? 'cached' : 'not cached'}`
  test(`whatever order both sides' updates meet in, the last rows are right: ${name}`, () => {
    for (let seed = 1; seed <= 200; seed++) {
      const { found, expected } = run(isLeft, cacheMaxBytes, seed)
      const rows = new Map([...found].filter(([, value]) => value !== null).sort())
      assert.deepEqual(rows, new Map([...expected].sort()), `seed ${seed}`)
    }
  })
}

test('a row that changes faster than answers come is not asked about more and more often', () => {
  const sides = new Sides(false, 0)
  const [questions, answers] = ['REGISTRATION', 'RESPONSE'].map(
    (part) => [...program(false).internalTopics].map(({ name }) => name).find((name) => name.includes(part))!,
  ) as [string, string]
  const changes = 200
  for (let n = 0; n < changes; n++) {
    sides.push('orders', orders.key.serialize('o'), orders.value.serialize({ customer: `c${n % 2}`, n }))
    sides.deliver('orders')
    for (let left = sides.queues.get(answers)?.length ?? 0; left > 0; left--) sides.deliver(answers)
    for (let left = sides.queues.get(questions)?.length ?? 0; left > 0; left--) sides.deliver(questions)
  }
  for (let [next] = sides.readable; next !== undefined; [next] = sides.readable) sides.deliver(next)
  // Each change tells where the row pointed before, and where it does now.
  assert.equal(sides.read.get(questions), 2 * changes - 1)
})
