import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { serdes, type TopicContract, topic } from '@millrace/contracts'
import { type Topology, topology, tumbling } from '../src/index.ts'

// What `Topology#describe()` of Kafka Streams 4.3.0 printed for the same programs: conformance/streams/Describe.java.
const fixture = readFileSync(new URL('./fixtures/kafka-streams-describe.txt', import.meta.url), 'utf8')
const expected = new Map(
  fixture
    .split('### ')
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
)

type Texts = TopicContract<string, string>
const of = (name: string): Texts => topic(name, { key: serdes.string, value: serdes.string })
const numbers = topic('out', { key: serdes.string, value: serdes.json<number>() })
const first = (value: string): string => value

const programs: Record<string, (app: Topology) => void> = {
  stateless: (app) =>
    app
      .stream(of('in'))
      .filter(() => true)
      .mapValues(first)
      .selectKey(first)
      .flatMapValues((value) => [value])
      .peek(() => {})
      .to(of('out')),
  first: (app) =>
    app
      .stream(of('order'))
      .groupBy(first, { name: 'by-customer' })
      .reduce(first, { initial: '', store: 'totals' })
      .join(app.table(of('customer')), first, { store: 'spend' })
      .to(of('spend')),
  'unnamed-aggregate': (app) => app.stream(of('in')).selectKey(first).groupByKey().count().to(numbers),
  'reduce-bykey': (app) => app.stream(of('in')).groupByKey().reduce(first, { store: 'store' }).to(of('out')),
  window: (app) =>
    app
      .stream(of('in'))
      .groupByKey()
      .window(tumbling({ sizeMs: 60_000 }))
      .count({ store: 'counts' })
      .toStream()
      .map((_count, { key }) => [key, ''] as const)
      .to(of('out')),
  'stream-table-join': (app) =>
    app
      .stream(of('orders'))
      .join(app.table(of('customers')), first)
      .to(of('out')),
  'stream-table-join-repartition': (app) =>
    app
      .stream(of('orders'))
      .selectKey(first)
      .leftJoin(app.table(of('customers')), first)
      .to(of('out')),
  'table-joins': (app) => {
    const left = app.table(of('left'))
    const right = app.table(of('right'))
    left
      .leftJoin(right, first)
      .filter(() => true)
      .to(of('out'))
  },
  'table-map-store': (app) => app.table(of('left'), { store: 'l' }).mapValues(first, { store: 'm' }).to(of('out')),
  'table-unmaterialised': (app) => app.table(of('left')).mapValues(first).to(of('out')),
  'grouped-table': (app) =>
    app
      .table(of('left'))
      .groupBy((value, key) => [value, key] as const, { name: 'by-value' })
      .count({ store: 'sizes' })
      .to(numbers),
  merge: (app) =>
    app
      .stream(of('a'))
      .merge(app.stream(of('b')))
      .to(of('out')),
  split: (app) => {
    const { one, two } = app.stream(of('in')).split({ one: () => true, two: () => true }, { name: 'split-' })
    one.to(of('o1'))
    two.to(of('o2'))
  },
  'to-table': (app) => app.stream(of('in')).selectKey(first).toTable().to(of('out')),
  repartition: (app) => app.stream(of('in')).repartition({ name: 'again' }).to(of('out')),
  'two-aggregates': (app) => {
    const grouped = app.stream(of('in')).groupBy(first, { name: 'g' })
    grouped.count({ store: 'c' })
    grouped.reduce(first, { store: 'r' })
  },
  'same-topic-twice': (app) => {
    const input = of('in')
    app
      .stream(input)
      .filter(() => true)
      .to(of('o1'))
    app.stream(input).mapValues(first).to(of('o2'))
  },
  'two-subtopologies': (app) => {
    app.stream(of('a')).to(of('x'))
    app
      .stream(of('b'))
      .groupBy(first, { name: 'g' })
      .count({ store: 'c' })
      .to(topic('y', { key: serdes.string, value: serdes.json<number>() }))
  },
  'join-twice': (app) => {
    const table = app.table(of('t'))
    const stream = app.stream(of('in')).map((value, key) => [value, key] as const)
    stream.join(table, first).to(of('o1'))
    stream.leftJoin(table, first).to(of('o2'))
  },
}

for (const [name, build] of Object.entries(programs)) {
  test(`describes itself and names its internals as Kafka Streams does: ${name}`, () => {
    const app = topology('app')
    build(app)
    assert.equal(app.describe(), expected.get(name))
  })
}

test('every program of the fixture is compared', () => {
  assert.deepEqual(Object.keys(programs).sort(), [...expected.keys()].sort())
})
