// Connectors that a worker of Kafka Connect and one of Millrace take over from each other, through the topics of one group.
import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startBroker } from '@millrace/broker'
import { builtInPlugins, ConnectWorker } from '@millrace/connect/internal'
import { type KafkaClient, kafkaClient, scanTopic } from '@millrace/kafka'
import { apacheKafkaUnavailable } from '../../kafka/apache-kafka.ts'
import { JavaWorker, workerProperties } from './java-worker.ts'

const text = 'org.apache.kafka.connect.storage.StringConverter'

async function lines(client: KafkaClient, topic: string): Promise<string[]> {
  const [described] = await client.admin.describeTopics([topic], { ifExists: true })
  const found: string[] = []
  if (described) for await (const { value } of scanTopic(client, { topic })) found.push(value?.toString() ?? '')
  return found
}

async function reaches(client: KafkaClient, topic: string, count: number): Promise<string[]> {
  for (const deadline = Date.now() + 60_000; ; await delay(100)) {
    const found = await lines(client, topic)
    if (found.length >= count || Date.now() > deadline) return found
  }
}

test('a connector goes on where it stood when Kafka Connect takes over from Millrace, and back', {
  skip: apacheKafkaUnavailable() ?? false,
}, async () => {
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const folder = await mkdtemp(join(tmpdir(), 'take-over-'))
  const [one, two] = [join(folder, 'one.txt'), join(folder, 'two.txt')]
  const config = (file: string, topic: string) => ({
    'connector.class': 'FileStreamSource',
    file,
    topic,
    'tasks.max': '1',
  })
  const ours = (): Promise<ConnectWorker> =>
    ConnectWorker.start({
      client,
      plugins: builtInPlugins,
      groupId: 'shared',
      defaults: { 'key.converter': text, 'value.converter': text },
    })
  try {
    await writeFile(one, 'a\nb\n')
    await writeFile(two, 'x\n')
    {
      await using worker = await ours()
      await worker.create('one', config(one, 'one'))
      assert.deepEqual(await reaches(client, 'one', 2), ['a', 'b'])
    }
    await appendFile(one, 'c\n')
    {
      await using java = await JavaWorker.start(workerProperties(broker.brokers, 'shared'))
      type Status = { connector: { state: string }; tasks: { state: string }[] }
      await java.until<Status>('one to run', '/connectors/one/status', ({ tasks }) => tasks[0]?.state === 'RUNNING')
      assert.deepEqual(await reaches(client, 'one', 3), ['a', 'b', 'c'])
      const { config: seen } = (await java.ask('GET', '/connectors/one')) as { config: Record<string, string> }
      assert.deepEqual(seen, { ...config(one, 'one'), name: 'one' })
      await java.ask('POST', '/connectors', { name: 'two', config: config(two, 'two') })
      assert.deepEqual(await reaches(client, 'two', 1), ['x'])
      await java.until<Status>('two to run', '/connectors/two/status', ({ tasks }) => tasks[0]?.state === 'RUNNING')
      await java.ask('PUT', '/connectors/two/pause')
      await java.until<Status>(
        'two to pause',
        '/connectors/two/status',
        ({ connector }) => connector.state === 'PAUSED',
      )
    }
    await appendFile(one, 'd\n')
    await appendFile(two, 'y\n')
    await using worker = await ours()
    assert.deepEqual(worker.names().sort(), ['one', 'two'])
    assert.equal(worker.status('two').connector.state, 'PAUSED')
    assert.deepEqual(worker.topics('one'), ['one'])
    assert.deepEqual(await reaches(client, 'one', 4), ['a', 'b', 'c', 'd'])
    assert.deepEqual(await lines(client, 'two'), ['x'])
    await worker.setTarget('two', 'STARTED')
    assert.deepEqual(await reaches(client, 'two', 2), ['x', 'y'])
    await delay(500)
    assert.deepEqual(
      [await lines(client, 'one'), await lines(client, 'two')],
      [
        ['a', 'b', 'c', 'd'],
        ['x', 'y'],
      ],
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
