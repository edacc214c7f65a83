import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { type Topology, topology } from '../../index.ts'
import { runnable } from '../dsl/topology.ts'
import { resolvePartitions } from './partitions.ts'
import { taskIdText } from './plan.ts'

const of = (name: string) => topic(name, { key: serdes.string, value: serdes.string })

function resolved(build: (app: Topology) => void, counts: Record<string, number>) {
  const app = topology('app')
  build(app)
  return resolvePartitions(runnable(app).plan(), (name) => counts[name])
}

test('a repartition topic has as many partitions as the greatest input of who writes it', () => {
  const { counts, tasks } = resolved(
    (app) =>
      app
        .stream(of('a'))
        .merge(app.stream(of('b')))
        .groupBy((v) => v, { name: 'g' })
        .count({ store: 'c' }),
    { a: 3, b: 5 },
  )
  assert.equal(counts.get('app-g-repartition'), 5)
  assert.equal(counts.get('app-c-changelog'), 5)
  assert.deepEqual(tasks.map(taskIdText), ['0_0', '0_1', '0_2', '0_3', '0_4', '1_0', '1_1', '1_2', '1_3', '1_4'])
})

test('a repartition topic takes the count of the topic that it is joined with', () => {
  const { counts } = resolved(
    (app) =>
      app
        .stream(of('a'))
        .selectKey((v) => v)
        .join(app.table(of('t')), (v) => v, { name: 'j' })
        .to(of('out')),
    { a: 3, t: 8 },
  )
  assert.equal(counts.get('app-j-repartition'), 8)
})

test('a repartition topic has the count that the program gives it, and passes it on', () => {
  const { counts } = resolved(
    (app) =>
      app
        .stream(of('a'))
        .repartition({ name: 'wide', partitions: 12 })
        .groupBy((v) => v, { name: 'g' })
        .count({ store: 'c' }),
    { a: 3 },
  )
  assert.equal(counts.get('app-wide-repartition'), 12)
  assert.equal(counts.get('app-g-repartition'), 12)
})

test('two repartition topics that are joined get the same count', () => {
  const { counts } = resolved(
    (app) => {
      const counted = app
        .stream(of('b'))
        .groupBy((v) => v, { name: 'counted' })
        .count({ store: 'c' })
      app
        .stream(of('a'))
        .selectKey((v) => v)
        .join(counted, (v) => v, { name: 'j' })
        .to(of('out'))
    },
    { a: 3, b: 7 },
  )
  assert.equal(counts.get('app-j-repartition'), 7)
  assert.equal(counts.get('app-counted-repartition'), 7)
})

test('joined topics with unequal counts are refused, and named', () => {
  assert.throws(
    () =>
      resolved(
        (app) =>
          app
            .stream(of('a'))
            .join(app.table(of('t')), (v) => v)
            .to(of('out')),
        { a: 3, t: 4 },
      ),
    { code: 'STREAMS_NOT_COPARTITIONED', message: /a \(3\), t \(4\)/ },
  )
})

test('a topic that is not there is named', () => {
  assert.throws(() => resolved((app) => app.stream(of('a')).to(of('out')), {}), {
    code: 'STREAMS_SOURCE_TOPIC_MISSING',
    retriable: true,
  })
})

test('internal topics get the settings of Kafka Streams', () => {
  const app = topology('app')
  app
    .stream(of('a'))
    .groupBy((v) => v, { name: 'g' })
    .count({ store: 'c' })
  const settings = Object.fromEntries(
    runnable(app)
      .plan()
      .internalTopics.map(({ name, config }) => [name, config]),
  )
  assert.equal(settings['app-g-repartition']?.['retention.ms'], '-1')
  assert.equal(settings['app-g-repartition']?.['cleanup.policy'], 'delete')
  assert.equal(settings['app-c-changelog']?.['cleanup.policy'], 'compact')
})

test('names that collide are refused', () => {
  const twice = topology('app')
  twice.stream(of('a')).groupByKey().count({ store: 'same' })
  twice.stream(of('b')).groupByKey().count({ store: 'same' })
  assert.throws(() => runnable(twice).plan(), { code: 'STREAMS_TOPOLOGY_INVALID', message: /store named 'same'/ })
  const steps = topology('app')
  steps
    .stream(of('a'))
    .filter(() => true, { name: 'x' })
    .filter(() => true, { name: 'x' })
  assert.throws(() => runnable(steps).plan(), { code: 'STREAMS_TOPOLOGY_INVALID', message: /steps are named 'x'/ })
  assert.throws(() => topology('no spaces'), { code: 'STREAMS_TOPOLOGY_INVALID' })
  assert.throws(() => runnable(topology('empty')).plan(), {
    code: 'STREAMS_TOPOLOGY_INVALID',
    message: /reads no topic/,
  })
})
