import { type Topology, tumbling } from '../../../src/index.ts'
import { numbers, texts } from '../contracts.ts'
import type { ScenarioGroup } from '../scenario.ts'
import { properties } from './naming.ts'

const first = (value: string): string => value

/** One program for each kind of step, that is only described. */
const programs: Record<string, (app: Topology) => void> = {
  stateless: (app) =>
    app
      .stream(texts('in'))
      .filter(() => true)
      .mapValues(first)
      .selectKey(first)
      .flatMapValues((value) => [value])
      .peek(() => {})
      .to(texts('out')),
  first: (app) =>
    app
      .stream(texts('order'))
      .groupBy(first, { name: 'by-customer' })
      .reduce(first, { initial: '', store: 'totals' })
      .join(app.table(texts('customer')), first, { store: 'spend' })
      .to(texts('spend')),
  'unnamed-aggregate': (app) => app.stream(texts('in')).selectKey(first).groupByKey().count().to(numbers('out')),
  'reduce-bykey': (app) => app.stream(texts('in')).groupByKey().reduce(first, { store: 'store' }).to(texts('out')),
  window: (app) =>
    app
      .stream(texts('in'))
      .groupByKey()
      .window(tumbling({ sizeMs: 60_000 }))
      .count({ store: 'counts' })
      .toStream()
      .map((_count, { key }) => [key, ''] as const)
      .to(texts('out')),
  'stream-table-join': (app) =>
    app
      .stream(texts('orders'))
      .join(app.table(texts('customers')), first)
      .to(texts('out')),
  'stream-table-join-repartition': (app) =>
    app
      .stream(texts('orders'))
      .selectKey(first)
      .leftJoin(app.table(texts('customers')), first)
      .to(texts('out')),
  'table-joins': (app) => {
    const left = app.table(texts('left'))
    const right = app.table(texts('right'))
    left
      .leftJoin(right, first)
      .filter(() => true)
      .to(texts('out'))
  },
  'table-map-store': (app) =>
    app.table(texts('left'), { store: 'l' }).mapValues(first, { store: 'm' }).to(texts('out')),
  'table-unmaterialised': (app) => app.table(texts('left')).mapValues(first).to(texts('out')),
  'grouped-table': (app) =>
    app
      .table(texts('left'))
      .groupBy((value, key) => [value, key] as const, { name: 'by-value' })
      .count({ store: 'sizes' })
      .to(numbers('out')),
  merge: (app) =>
    app
      .stream(texts('a'))
      .merge(app.stream(texts('b')))
      .to(texts('out')),
  split: (app) => {
    const { one, two } = app.stream(texts('in')).split({ one: () => true, two: () => true }, { name: 'split-' })
    one.to(texts('o1'))
    two.to(texts('o2'))
  },
  'to-table': (app) => app.stream(texts('in')).selectKey(first).toTable().to(texts('out')),
  repartition: (app) => app.stream(texts('in')).repartition({ name: 'again' }).to(texts('out')),
  'two-aggregates': (app) => {
    const grouped = app.stream(texts('in')).groupBy(first, { name: 'g' })
    grouped.count({ store: 'c' })
    grouped.reduce(first, { store: 'r' })
  },
  'same-topic-twice': (app) => {
    const input = texts('in')
    app
      .stream(input)
      .filter(() => true)
      .to(texts('o1'))
    app.stream(input).mapValues(first).to(texts('o2'))
  },
  'two-subtopologies': (app) => {
    app.stream(texts('a')).to(texts('x'))
    app.stream(texts('b')).groupBy(first, { name: 'g' }).count({ store: 'c' }).to(numbers('y'))
  },
  'join-twice': (app) => {
    const table = app.table(texts('t'))
    const stream = app.stream(texts('in')).map((value, key) => [value, key] as const)
    stream.join(table, first).to(texts('o1'))
    stream.leftJoin(table, first).to(texts('o2'))
  },
}

export const basicNaming: ScenarioGroup = {
  name: 'basic-naming',
  javaClass: 'BasicNaming',
  scenarios: Object.entries(programs).map(([name, build]) => ({ name, build, properties, input: [] })),
}
