import { serdes, type TopicContract, topic } from '@millrace/contracts'
import { hopping, type KStream, type Topology, tumbling } from '../../../src/index.ts'
import { numbers, texts } from '../contracts.ts'
import type { ScenarioGroup } from '../scenario.ts'

const minute = tumbling({ sizeMs: 60_000 })
const second = (_one: unknown, other: unknown): string => String(other)
const first = (one: unknown): string => String(one)
const all = (): boolean => true
const asIs = { value: serdes.string }
const text = { key: serdes.string }

type Texts = KStream<string, string>
const out = (name = 'out'): TopicContract<string, string> => texts(name)
const counted = (name = 'counted') => numbers(name)
const of = (app: Topology, name: string): Texts => app.stream(texts(name))

/** Programs that are only described: names of steps, stores and internal topics, and what is a sub-topology. */
const programs: Record<string, (app: Topology) => void> = {
  'nothing named, one repartition topic': (app) =>
    of(app, 'in')
      .flatMapValues((value) => [value])
      .selectKey(first)
      .groupByKey()
      .count()
      .to(counted()),
  'every step named': (app) =>
    app
      .stream(texts('in'), { name: 'read' })
      .filter(all, { name: 'keep' })
      .filterNot(all, { name: 'leave' })
      .mapValues(first, { name: 'value' })
      .map((value, key) => [key, value] as const, { name: 'pair', ...text })
      .flatMap((value, key) => [[key, value] as const], { name: 'pairs', ...text })
      .flatMapValues((value) => [value], { name: 'values' })
      .selectKey(first, { name: 'key', ...text })
      .peek(() => {}, { name: 'look' })
      .to(out(), { name: 'write' }),
  'two aggregates of changed keys, nothing named': (app) => {
    const grouped = of(app, 'in').selectKey(first).groupByKey()
    grouped.count().to(counted())
    grouped.reduce(first).to(out())
  },
  'two groups of one stream with changed keys': (app) => {
    const keyed = of(app, 'in').selectKey(first)
    keyed.groupByKey().count().to(counted())
    keyed.groupByKey({ name: 'named' }).reduce(first).to(out())
  },
  'a merge of three': (app) => of(app, 'a').merge(of(app, 'b')).merge(of(app, 'c'), { name: 'merged' }).to(out()),
  'a merge of changed and unchanged keys, grouped': (app) =>
    of(app, 'a').merge(of(app, 'b').selectKey(first)).groupByKey().count().to(counted()),
  'three branches and what becomes of them': (app) => {
    const { one, two, rest } = of(app, 'in').split({ one: all, two: all, rest: 'otherwise' }, { name: 'by-' })
    one.mapValues(first).to(out('o1'))
    two.selectKey(first).groupByKey().count().to(counted())
    rest.forEach(() => {})
  },
  'branches that merge again': (app) => {
    const { one, two } = of(app, 'in').split({ one: all, two: all }, { name: 'by-' })
    one.mapValues(first).merge(two.mapValues(first)).to(out())
  },
  'joins of one stream with changed keys': (app) => {
    const keyed = of(app, 'in').selectKey(first)
    const rows = app.table(texts('rows'))
    keyed.join(rows, first).to(out('o1'))
    keyed.leftJoin(rows, first).to(out('o2'))
    keyed.join(rows, first, { name: 'named' }).to(out('o3'))
  },
  'a join of changed keys and values': (app) => {
    const keyed = of(app, 'in').map((value, key) => [value, key] as const)
    keyed.join(app.table(texts('rows')), first, { name: 'joined' }).to(out())
  },
  'joins in a row': (app) => {
    const stream = of(app, 'in')
    const one = app.table(texts('one'))
    const two = app.table(texts('two'), { store: 'two-rows' })
    stream.join(one, first).leftJoin(two, first, { name: 'second-join' }).to(out())
  },
  'a join with an aggregate of another stream': (app) => {
    const stream = of(app, 'in')
    const counts = of(app, 'other').groupBy(first, { name: 'by-value' }).count()
    stream.join(counts, second).to(out())
  },
  'a join with an aggregate of the same stream': (app) => {
    const stream = of(app, 'in').selectKey(first)
    const counts = stream.groupByKey().count()
    stream.join(counts, second).to(out())
  },
  'tables joined three ways': (app) => {
    const one = app.table(texts('one'))
    const two = app.table(texts('two'))
    const three = app.table(texts('three'))
    one.join(two, first).outerJoin(three, second).leftJoin(one, first).to(out())
  },
  'named joins of tables with stores': (app) => {
    const one = app.table(texts('one'), { store: 'one-rows', name: 'read-one' })
    const two = app.table(texts('two'), { name: 'read-two' })
    one
      .join(two, first, { name: 'inner', store: 'inner-rows' })
      .outerJoin(two, second, { name: 'outer', store: 'outer-rows' })
      .to(out())
  },
  'a table joined with what is made of it': (app) => {
    const rows = app.table(texts('rows'))
    rows.join(rows.filter(all).mapValues(first), first).to(out())
  },
  'filters and mappings of tables with and without stores': (app) => {
    app
      .table(texts('in'))
      .filter(all, { name: 'kept' })
      .mapValues(first, { store: 'mapped' })
      .filterNot(all, { name: 'left', store: 'left-rows' })
      .mapValues(first, { name: 'again' })
      .toStream({ name: 'stream' })
      .to(out(), { name: 'write' })
  },
  'a filter that needs old values of a table without store': (app) => {
    app
      .table(texts('in'))
      .filter(all)
      .groupBy((value, key) => [value, key] as const, { name: 'by-value' })
      .count()
      .to(counted())
  },
  'a table regrouped, aggregated and joined': (app) => {
    const sizes = app
      .table(texts('in'))
      .mapValues(first)
      .groupBy((value, key) => [value, key] as const, { name: 'by-value' })
      .count({ store: 'sizes' })
    sizes.join(app.table(texts('other')), second, { store: 'with-other' }).to(out())
  },
  'two aggregates of one regrouping': (app) => {
    const grouped = app.table(texts('in')).groupBy((value, key) => [value, key] as const, { name: 'by-value', ...asIs })
    grouped.count().to(counted())
    grouped.reduce({ add: first, subtract: first, store: 'reduced' }).to(out())
  },
  'windows in a row': (app) =>
    of(app, 'in')
      .groupByKey()
      .window(minute)
      .count()
      .toStream()
      .map((_count, { key }) => [key, key] as const)
      .groupByKey()
      .window(hopping({ sizeMs: 60_000, advanceMs: 10_000 }))
      .aggregate({ initial: '', store: 'second' }, first)
      .toStream()
      .map((value, { key }) => [key, value] as const)
      .to(out()),
  'named steps and stores of windows': (app) =>
    of(app, 'in')
      .selectKey(first)
      .groupByKey({ name: 'again' })
      .window(minute)
      .reduce(first, { name: 'reduced', store: 'reduced-rows' })
      .mapValues(first, { name: 'mapped' })
      .toStream({ name: 'stream' })
      .forEach(() => {}, { name: 'end' }),
  'windowed tables joined': (app) => {
    const one = of(app, 'one').groupByKey().window(minute).count()
    const two = of(app, 'two').groupByKey().window(minute).count()
    one
      .leftJoin(two, first)
      .toStream()
      .forEach(() => {})
  },
  'streams as tables': (app) => {
    of(app, 'one').toTable().to(out('o1'))
    of(app, 'two').selectKey(first).toTable({ name: 'as-table', store: 'rows' }).to(out('o2'))
    of(app, 'three').selectKey(first).toTable().filter(all).to(out('o3'))
  },
  'a table as a stream as a table': (app) => {
    app
      .table(texts('in'))
      .toStream()
      .toTable()
      .join(app.table(texts('other')), first)
      .to(out())
  },
  'repartitioned twice': (app) =>
    of(app, 'in')
      .repartition({ name: 'one' })
      .selectKey(first)
      .repartition({ name: 'two' })
      .groupByKey()
      .count()
      .to(counted()),
  'repartitioned before a join': (app) => {
    const keyed = of(app, 'in').selectKey(first).repartition({ name: 'again' })
    keyed.join(app.table(texts('rows')), first).to(out())
  },
  'a topic between two sub-topologies': (app) => {
    of(app, 'in').selectKey(first).to(out('between'))
    of(app, 'between').groupByKey().count().to(counted())
  },
  'three sub-topologies that share nothing': (app) => {
    of(app, 'one').to(out('o1'))
    app.table(texts('two')).to(out('o2'))
    of(app, 'three').groupByKey().count().to(counted())
  },
  'a topic that is read three times': (app) => {
    const contract = texts('in')
    app.stream(contract).filter(all).to(out('o1'))
    app.stream(contract).groupByKey().count().to(counted())
    app.stream(contract).mapValues(first).to(out('o2'))
  },
  'an aggregate of an aggregate of an aggregate': (app) =>
    of(app, 'in')
      .groupByKey()
      .count()
      .toStream()
      .selectKey(first)
      .groupByKey()
      .count()
      .groupBy((value, key) => [key, value] as const, { name: 'regrouped' })
      .count()
      .to(counted()),
  'many sinks of one stream': (app) => {
    const stream = of(app, 'in')
    for (const name of ['o1', 'o2', 'o3', 'o4']) stream.to(topic(name, { key: serdes.string, value: serdes.string }))
    stream.filter(all).to(out('o5'))
  },
  'a reduce with an initial value': (app) =>
    of(app, 'in')
      .groupBy(first, { name: 'g' })
      .reduce((sum: number) => sum, { initial: 0 })
      .to(counted()),
}

const stringSerde = 'org.apache.kafka.common.serialization.Serdes$StringSerde'
/** Nothing is written: any serde does. */
export const properties = { 'default.key.serde': stringSerde, 'default.value.serde': stringSerde }

export const naming: ScenarioGroup = {
  name: 'naming',
  javaClass: 'Naming',
  scenarios: Object.entries(programs).map(([name, build]) => ({ name, build, properties, input: [] })),
}
