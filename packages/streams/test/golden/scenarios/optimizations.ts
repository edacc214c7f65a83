import { serdes } from '@millrace/contracts'
import { joinWindows, type KStream, type Optimization, type Topology } from '../../../src/index.ts'
import { numbers, texts } from '../contracts.ts'
import { readInput } from '../read-input.ts'
import { record, type Scenario, type ScenarioGroup } from '../scenario.ts'
import { properties as textSerdes } from './naming.ts'

const stream = texts('in')
const second = texts('second')
const rows = texts('rows')
const out = texts('out')
const other = texts('other')
const counted = numbers('counted')

const text = { key: serdes.string }
const byValue = (value: string): string => value
const pair = (one: string | null, two: string | null): string => `${one}+${two}`
const last = (_one: string, two: string): string => two
const within = joinWindows({ beforeMs: 10, afterMs: 10, graceMs: 0 })

const changed = (app: Topology): KStream<string, string> => app.stream(stream).selectKey(byValue, text)

const input = [
  record(rows, 'x', 'row-x', 1),
  record(stream, 'a', 'x', 2, { trace: 'one' }),
  record(second, 'b', 'x', 3, { trace: 'two' }),
  record(stream, 'b', 'y', 4),
  record(stream, null, 'x', 5),
  record(rows, 'y', 'row-y', 6),
  record(second, 'c', 'y', 7),
  record(stream, 'c', 'x', 3),
  record(rows, 'x', null, 9),
  record(stream, 'e', 'x', 30),
]

const merging = 'merge.repartition.topics'

/** Programs whose internal topics are merged where that changes anything. */
const programs: Record<string, (app: Topology) => void> = {
  'one aggregate, nothing named': (app) => changed(app).groupByKey().count().to(counted),
  'two aggregates of one change of keys': (app) => {
    const keyed = changed(app)
    keyed.groupByKey().count().to(counted)
    keyed.groupByKey().reduce(last).to(out)
  },
  'two aggregates, named': (app) => {
    const keyed = changed(app)
    keyed.groupByKey({ name: 'first' }).count({ store: 'counts' }).to(counted)
    keyed.groupByKey({ name: 'second' }).reduce(last, { store: 'lasts' }).to(out)
  },
  'aggregates of one grouping': (app) => {
    const grouped = app.stream(stream).groupBy(byValue, { name: 'by-value', ...text })
    grouped.count().to(counted)
    grouped.reduce(last).to(out)
  },
  'an aggregate, and an inner join with a table': (app) => {
    const keyed = changed(app)
    keyed.groupByKey().count().to(counted)
    keyed.join(app.table(rows), pair).to(out)
  },
  'an aggregate, and a left join with a table, which takes records without key': (app) => {
    const keyed = app.stream(stream).selectKey((_value, key) => key, text)
    keyed.groupByKey().count().to(counted)
    keyed.leftJoin(app.table(rows), pair).to(out)
  },
  'steps in between that change nothing': (app) => {
    const keyed = changed(app)
    keyed
      .filter((value) => value !== 'y')
      .peek(() => {})
      .groupByKey()
      .count()
      .to(counted)
    keyed.groupByKey().reduce(last).to(out)
    keyed.to(other)
  },
  'a step in between that changes values': (app) => {
    const keyed = changed(app)
    keyed
      .mapValues((value) => `${value}!`)
      .groupByKey({ value: serdes.string })
      .reduce(last)
      .to(out)
    keyed.groupByKey().count().to(counted)
  },
  'a merge of two streams whose keys were changed': (app) => {
    const one = changed(app)
    const two = app.stream(second).selectKey(byValue, text)
    one.merge(two).groupByKey().count().to(counted)
  },
  'a merge of a changed and an unchanged stream': (app) => {
    const merged = changed(app).merge(app.stream(second))
    merged.groupByKey().count().to(counted)
    merged.groupByKey().reduce(last).to(out)
  },
  'a stream that is grouped, and merged with another': (app) => {
    const one = changed(app)
    one.groupByKey().reduce(last).to(out)
    one.merge(app.stream(second).selectKey(byValue, text)).groupByKey().count().to(counted)
  },
  'a join of two streams whose keys were changed': (app) => {
    const one = changed(app)
    const two = app.stream(second).selectKey(byValue, text)
    one.join(two, pair, { within, name: 'both' }).to(out)
    one.groupByKey().count().to(counted)
  },
  'an outer join of two streams whose keys were changed': (app) => {
    const two = app.stream(second).selectKey(byValue, text)
    changed(app).outerJoin(two, pair, { within }).to(out)
  },
  'a stream with changed keys that is joined with itself, named': (app) => {
    const keyed = changed(app)
    keyed.join(keyed, pair, { within, name: 'self' }).to(out)
  },
  'a table of a stream whose keys were changed': (app) => {
    const keyed = changed(app)
    keyed.toTable({ store: 'latest' }).toStream().to(out)
    keyed.groupByKey().count().to(counted)
  },
  'a change of keys behind a change of keys': (app) => {
    const keyed = changed(app)
    keyed.groupByKey().count().to(counted)
    const again = keyed.selectKey((value) => `${value}${value}`, text)
    again.groupByKey().reduce(last).to(out)
    again.groupByKey().reduce(last).to(other)
  },
  'a change of keys behind a join': (app) => {
    const joined = changed(app).join(app.table(rows), pair, { value: serdes.string })
    const again = joined.selectKey((value) => value, text)
    again.groupByKey({ value: serdes.string }).count().to(counted)
    again.groupByKey({ value: serdes.string }).reduce(last).to(out)
  },
  'a topic that the program asks for': (app) => {
    const keyed = changed(app)
    keyed.repartition({ name: 'asked' }).groupByKey().count().to(counted)
    keyed.groupByKey().reduce(last).to(out)
  },
  'cogrouped streams': (app) => {
    const one = changed(app)
    const two = app.stream(second).selectKey(byValue, text)
    one
      .groupByKey({ name: 'one' })
      .cogroup((sum: string, value) => `${sum}${value}`)
      .and(two.groupByKey({ name: 'two' }), (sum, value) => `${sum}-${value}`)
      .aggregate({ initial: '', store: 'cogrouped', value: serdes.string })
      .to(out)
    one.groupByKey().count().to(counted)
  },
  'a windowless processor that changes keys': (app) => {
    const moved = app.stream(stream).process<string, string>(
      (context) => ({
        process: (record) => {
          const { value, timestamp } = record
          context.forward({ key: value, value, timestamp })
        },
      }),
      { name: 'move', key: serdes.string, value: serdes.string },
    )
    moved.groupByKey().count().to(counted)
    moved.groupByKey().reduce(last).to(out)
  },
  'a table of a topic, a join of a stream with itself and an aggregate of changed keys': (app) => {
    const keyed = changed(app)
    const one = app.stream(second)
    keyed.join(app.table(rows, { store: 'rows' }), pair).to(out)
    keyed.groupByKey().count().to(counted)
    one.join(one, pair, { within }).to(other)
  },
}

function scenario(name: string, build: Scenario['build'], optimize: readonly Optimization[], label = ''): Scenario {
  return {
    name: `${name}${label}`,
    build,
    input,
    topology: { optimize },
    properties: { ...textSerdes, 'topology.optimization': optimize.join(',') },
  }
}

const everything = 'a table of a topic, a join of a stream with itself and an aggregate of changed keys'
const self = 'a stream with changed keys that is joined with itself, named'
const others: Optimization[] = ['reuse.ktable.source.topics', 'single.store.self.join']

export const optimizations: ScenarioGroup = {
  name: 'optimizations',
  javaClass: 'Optimizations',
  scenarios: readInput([
    ...Object.entries(programs).map(([name, build]) => scenario(name, build, [merging])),
    scenario(everything, programs[everything]!, others, ', topics not merged'),
    scenario(everything, programs[everything]!, [...others, merging], ', all optimised'),
    scenario(self, programs[self]!, [merging, 'single.store.self.join'], ', with one store'),
  ]),
}
