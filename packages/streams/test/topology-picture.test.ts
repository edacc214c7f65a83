import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import { startStreams } from '@millrace/streams'
import { waitUntil } from './support/kafka.ts'
import { resetApp, totals, visit } from './support/reset-app.ts'

const records = 60

test('a picture shows what the program is, and its tasks with their rates and lags', async () => {
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([visit, totals].map(({ name }) => ({ name, partitions: 1 })))
  const options = { topology: resetApp, client, stateDir: 'memory', instanceId: 'one', applicationServer: 'a:1' }
  await using streams = await startStreams(options)
  await using producer = client.producer()
  for (let at = 0; at < records; at++) {
    await producer.send({ topic: visit.name, key: null, value: Buffer.from(`p${at % 7}`), timestamp: 1_000 * at })
  }
  const isDone = (name: string): boolean => {
    const topic = streams.topologyPicture().topics.find((one) => one.name === name)
    return topic?.read?.total === records && topic.lag === 0
  }
  await waitUntil(() => isDone(visit.name) && isDone('visits-by-page-repartition'))

  const picture = streams.topologyPicture()
  assert.deepEqual(JSON.parse(JSON.stringify(picture)), picture, 'it is plain data')
  assert.deepEqual([picture.version, picture.application, picture.instance], [1, 'visits', 'one'])
  assert.equal(picture.state, 'running')
  assert.equal(picture.host, 'a:1')
  assert.deepEqual(picture.hosts, [{ host: 'a:1', tasks: ['0_0', '1_0'], standby: [] }])

  const [reading, counting] = picture.subtopologies
  assert.ok(reading && counting)
  assert.deepEqual(
    reading.nodes.map(({ name, kind, topics }) => [name, kind, topics]),
    [
      ['KSTREAM-SOURCE-0000000000', 'source', ['visit']],
      ['by-page', 'processor', []],
      ['by-page-repartition-filter', 'processor', []],
      ['by-page-repartition-sink', 'sink', ['visits-by-page-repartition']],
    ],
  )
  const between = reading.edges.filter(({ kind }) => kind !== 'forward')
  assert.deepEqual(between, [
    { from: 'visit', to: 'KSTREAM-SOURCE-0000000000', kind: 'read' },
    { from: 'by-page-repartition-sink', to: 'visits-by-page-repartition', kind: 'write' },
  ])
  const names = new Set(
    picture.subtopologies.flatMap(({ nodes, stores }) => [...nodes, ...stores].map(({ name }) => name)),
  )
  for (const { name } of picture.topics) names.add(name)
  for (const { from, to } of picture.subtopologies.flatMap(({ edges }) => edges)) {
    assert.ok(names.has(from) && names.has(to), `the edge from ${from} to ${to} has both its ends`)
  }
  assert.deepEqual(
    counting.stores.map(({ name, changelog }) => [name, changelog]),
    [
      ['per-page', 'visits-per-page-changelog'],
      ['per-minute', 'visits-per-minute-changelog'],
    ],
  )

  const [source] = reading.nodes
  assert.equal(source?.records?.total, records)
  assert.ok(source.records.perSecond > 0 && source.records.perSecond * picture.rateSeconds <= records + 1e-6)
  for (const { tasks, id } of picture.subtopologies) {
    assert.deepEqual(
      tasks.map((task) => [task.id, task.partition, task.thread, task.state, task.records.total, task.lag]),
      [[`${id}_0`, 0, 1, 'running', records, 0]],
    )
    assert.equal(tasks[0]?.streamTimeMs, (records - 1) * 1_000)
  }
  assert.deepEqual(
    picture.topics.map(({ name, kind, partitions, readBy, writtenBy }) => [name, kind, partitions, readBy, writtenBy]),
    [
      ['totals', 'external', 1, [], [1]],
      ['visit', 'external', 1, [0], []],
      ['visits-by-page-repartition', 'repartition', 1, [1], [0]],
      ['visits-per-minute-changelog', 'changelog', 1, [], [1]],
      ['visits-per-page-changelog', 'changelog', 1, [], [1]],
    ],
  )
})
