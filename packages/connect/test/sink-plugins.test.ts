import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { builtInPlugins } from '../src/plugins.ts'
import { ConnectWorker } from '../src/runtime/worker/connect-worker.ts'
import { type Answer, type HttpService, startHttpService } from './support/http-service.ts'
import { eventually, readTopic } from './support/topic-reader.ts'

const plainJson = {
  'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': 'false',
}

describe('HTTP and file sinks by their properties', () => {
  let broker: Broker
  let client: KafkaClient
  let worker: ConnectWorker
  let folder: string
  let cases = 0
  const services: HttpService[] = []

  before(async () => {
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
    folder = await mkdtemp(join(tmpdir(), 'sink-plugins-'))
    worker = await ConnectWorker.start({ client, plugins: builtInPlugins, groupId: 'sink-plugins' })
  })

  after(async () => {
    await worker?.close()
    for (const service of services) await service.close()
    await client?.close()
    await broker?.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function service(answer?: Answer): Promise<HttpService> {
    const started = await startHttpService(answer)
    services.push(started)
    return started
  }

  async function topicWith(...records: readonly (readonly [key: string, value: string | null])[]): Promise<string> {
    const topic = `topic-${++cases}`
    await client.admin.createTopics([{ name: topic, partitions: 1 }])
    await using producer = client.producer({})
    for (const [key, value] of records)
      await producer.send({ topic, key: Buffer.from(key), value: value === null ? null : Buffer.from(value) })
    return topic
  }

  const http = (topic: string, url: string, more: Record<string, string> = {}) => ({
    'connector.class': 'io.confluent.connect.http.HttpSinkConnector',
    topics: topic,
    'http.api.url': url,
    ...plainJson,
    ...more,
  })

  test("a config of Confluent's HTTP sink: addresses, headers, user, tombstones, and a refused record alone", async () => {
    const { url, accepted } = await service(({ body }) => ((body as { n?: number })?.n === 2 ? 422 : 200))
    const topic = await topicWith(['a/b', '{"n":1}'], ['b', '{"n":2}'], ['a/b', null], ['c', '{"n":3}'])
    const config = http(topic, `${url}/\${topic}/\${key}`, {
      'request.method': 'put',
      headers: 'X-Team: billing|X-Environment:test',
      'auth.type': 'BASIC',
      'connection.user': 'shop',
      'connection.password': 'secret',
      'behavior.on.null.values': 'delete',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': `${topic}-bad`,
      'errors.deadletterqueue.topic.replication.factor': '1',
    })
    await worker.create(`http-${topic}`, config)
    await eventually('three requests', () => (accepted.length >= 3 ? true : undefined))
    assert.deepEqual(
      accepted.map(({ method, url: path, body }) => [method, path, body]),
      [
        ['PUT', `/${topic}/a%2Fb`, { n: 1 }],
        ['DELETE', `/${topic}/a%2Fb`, undefined],
        ['PUT', `/${topic}/c`, { n: 3 }],
      ],
    )
    const { headers } = accepted[0]!
    assert.equal(headers['x-team'], 'billing')
    assert.equal(headers['x-environment'], 'test')
    assert.equal(headers.authorization, `Basic ${Buffer.from('shop:secret').toString('base64')}`)
    const letters = await eventually('the dead letter', async () => {
      const read = await readTopic(client, `${topic}-bad`).catch(() => [])
      return read.length > 0 ? read : undefined
    })
    assert.deepEqual(
      letters.map(({ value }) => value),
      ['{"n":2}'],
    )
  })

  test('records go together where the config says so, and an outage is waited for', async () => {
    let isAway = true
    const { url, accepted } = await service(() => (isAway ? 503 : 200))
    const topic = await topicWith(['a', '{"n":1}'], ['b', '{"n":2}'], ['c', '{"n":3}'])
    const name = `http-${topic}`
    await worker.create(name, http(topic, url, { 'batch.max.size': '2' }))
    await eventually('it to wait', () => worker.details(name)?.state === 'retrying' || undefined)
    isAway = false
    await eventually('the requests', () => (accepted.length >= 2 ? true : undefined))
    assert.deepEqual(
      accepted.map(({ body }) => body),
      [[{ n: 1 }, { n: 2 }], [{ n: 3 }]],
    )
  })

  test('a wrong password stops it and says what to do', async () => {
    const { url } = await service(() => 401)
    const topic = await topicWith(['a', '{"n":1}'])
    const name = `http-${topic}`
    await worker.create(name, http(topic, url))
    const failed = await eventually('the failure', () =>
      worker.status(name).tasks.find(({ state }) => state === 'FAILED'),
    )
    assert.match(failed.trace ?? '', /401/)
    assert.ok((worker.details(name)?.error?.remedy ?? '').length > 10)
  })

  test('a property that is unknown, wrong or not supported is named before anything runs', async () => {
    const topic = await topicWith()
    const errorsOf = async (more: Record<string, string>): Promise<Record<string, string[]>> => {
      const config = { name: 'typo', ...http(topic, 'http://127.0.0.1:1/', more) }
      const { configs } = await worker.validate('io.confluent.connect.http.HttpSinkConnector', config)
      return Object.fromEntries(
        configs.filter(({ value }) => value.errors.length > 0).map(({ value }) => [value.name, [...value.errors]]),
      )
    }
    assert.deepEqual(await errorsOf({}), {})
    assert.deepEqual(Object.keys(await errorsOf({ 'http.api.ulr': 'x' })), ['http.api.ulr'])
    assert.deepEqual(Object.keys(await errorsOf({ 'request.method': 'FETCH' })), ['request.method'])
    assert.match((await errorsOf({ 'max.retries': '3' }))['max.retries']?.join() ?? '', /leave the property out/)
    await assert.rejects(worker.create('typo', http(topic, 'http://127.0.0.1:1/', { 'http.api.ulr': 'x' })), {
      message: /http\.api\.ulr/,
    })
    assert.ok(!worker.names().includes('typo'))
  })

  test("Kafka's file sink appends a line for each record, also after a crash in the middle of a line", async () => {
    const file = join(folder, 'lines.txt')
    await writeFile(file, 'before\ncut sho')
    const topic = await topicWith(['a', 'one'], ['b', 'two'])
    const config = {
      'connector.class': 'FileStreamSink',
      topics: topic,
      file,
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    }
    const reads = (expected: string) =>
      eventually(JSON.stringify(expected), async () => ((await readFile(file, 'utf8')) === expected ? true : undefined))
    await worker.create('lines', config)
    await reads('before\ncut sho\none\ntwo\n')
    await worker.setTarget('lines', 'STOPPED')
    await appendFile(file, 'by hand\n')
    await using producer = client.producer({})
    await producer.send({ topic, key: null, value: Buffer.from('three') })
    await worker.setTarget('lines', 'STARTED')
    await reads('before\ncut sho\none\ntwo\nby hand\nthree\n')
    const structs = await topicWith(['a', '{"n":[1,"x"]}'])
    const other = join(folder, 'structs.txt')
    await worker.create('structs', { ...config, ...plainJson, topics: structs, file: other })
    await eventually('the line', async () => {
      const text = await readFile(other, 'utf8').catch(() => '')
      return text === '{"n":[1,"x"]}\n' ? true : undefined
    })
  })
})
