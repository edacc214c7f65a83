// What the command line says of streams applications, and how it resets one.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { startGateway } from '@millrace/gateway'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import {
  type ApplicationPicture,
  type StreamsInstance,
  startStreams,
  type TopologyPicture,
  topology,
} from '@millrace/streams'
import { eventually, millrace, Project, refusal } from './support/command-line.ts'

const word = topic('word', { key: serdes.string, value: serdes.string })
const words = 12

function counting() {
  const app = topology('words')
  app
    .stream(word)
    .groupBy((text) => text, { name: 'by-word' })
    .count({ store: 'counts' })
  return app
}

describe('streams', () => {
  let broker: Broker
  let client: KafkaClient
  let project: Project
  let streams: StreamsInstance
  before(async () => {
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
    project = await Project.create({ 'offsets.csv': 'word,0,5\n' })
    await client.admin.createTopics([{ name: word.name, partitions: 1 }])
    await using producer = client.producer()
    for (let at = 0; at < words; at++) {
      await producer.send({ topic: word.name, key: null, value: Buffer.from(`w${at % 3}`), timestamp: 1_000 * at })
    }
    streams = await startStreams({ topology: counting, client, stateDir: project.path('state') })
    await eventually(
      () => Promise.resolve(processed(streams)),
      (count) => count === 2 * words,
    )
  })
  after(async () => {
    await streams?.close()
    await client?.close()
    await broker?.close()
    await project?.[Symbol.asyncDispose]()
  })

  const run = (...args: string[]) => {
    return millrace(['streams', ...args], { cwd: project.folder, environment: { MILLRACE_BROKERS: broker.brokers } })
  }
  const json = async (...args: string[]): Promise<unknown> => {
    const { status, stdout, stderr } = await run(...args, '--json')
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout)
  }
  const reset = ['reset', 'words', '--state-dir', 'state']
  const internalTopics = ['words-by-word-repartition', 'words-counts-changelog']

  test('an application that runs is listed and described, and cannot be reset', async () => {
    assert.deepEqual(await json('list'), [{ application: 'words', state: 'Stable', members: 1, internalTopics }])
    const described = (await json('describe', 'words')) as { members: { inputs: string[] }[] }
    assert.deepEqual(
      described.members.map(({ inputs }) => inputs),
      [['word-0', 'words-by-word-repartition-0']],
    )
    assert.equal(refusal(await run('describe', 'other'), 'NOT_FOUND'), undefined)
    assert.equal(refusal(await run(...reset, '--yes'), 'STREAMS_RESET_ACTIVE'), undefined)
  })

  test('its picture and its figures are served by the gateway', async () => {
    const content = { state: [], metrics: [streams], health: [], applications: [streams], connectors: () => [] }
    await using gateway = await startGateway(content, { port: 0 })
    const get = async (path: string): Promise<unknown> => (await fetch(`${gateway.url}${path}`)).json()
    assert.deepEqual(await get('/streams'), { applications: [{ application: 'words', state: 'running' }] })
    const picture = (await get('/streams/words/topology')) as TopologyPicture
    const tasks = picture.subtopologies.flatMap((one) => one.tasks)
    assert.deepEqual(
      [picture.version, tasks.map(({ id, records }) => [id, records.total])],
      [
        1,
        [
          ['0_0', words],
          ['1_0', words],
        ],
      ],
    )
    assert.equal(((await get('/streams/other/topology')) as { code: string }).code, 'GATEWAY_NOT_FOUND')
    const whole = (await json('topology', 'words', '--url', gateway.url)) as ApplicationPicture
    assert.deepEqual([whole.isComplete, whole.instances.length, whole.instances[0]?.state], [true, 1, 'running'])
    const printed = await run('topology', 'words', '--url', gateway.url)
    assert.match(printed.stdout, /^0_0\s.*\srunning\s+12\s/m)
    assert.equal(refusal(await run('topology', 'other', '--url', gateway.url), 'GATEWAY_NOT_FOUND'), undefined)
    const text = await (await fetch(`${gateway.url}/metrics`)).text()
    assert.match(text, /^millrace_streams_task_processed_records_total\{.*task="0_0".*\} 12$/m)
  })

  test('once it has stopped a reset says what it would do, and does it with --yes', async () => {
    await streams.close()
    const { offsets } = (await json('offsets', 'words')) as { offsets: { topic: string; committed: number }[] }
    assert.deepEqual(offsets.map(({ topic, committed }) => topic === 'word' && committed)[0], words)

    const preview = await run(...reset)
    assert.equal(refusal(preview, 'CONFIRMATION_NEEDED'), undefined)
    assert.match(preview.stdout, /^word\s+0\s+12\s+0\s+12$/m)
    for (const name of internalTopics) assert.match(preview.stdout, new RegExp(`^delete topic ${name}$`, 'm'))
    assert.match(preview.stdout, /^delete state /m)
    const dry = (await json(...reset, '--dry-run', '--shift-by', '-2')) as {
      offsets: { offset: number }[]
      done: boolean
    }
    assert.deepEqual([dry.offsets.map(({ offset }) => offset), dry.done], [[words - 2], false])
    assert.deepEqual(await json('list'), [{ application: 'words', state: 'Empty', members: 0, internalTopics }])

    const done = (await json(...reset, '--from-file', 'offsets.csv', '--yes')) as { done: boolean; state: string[] }
    assert.ok(done.done)
    assert.ok(done.state.length > 0)
    const committed = await client.admin.committedOffsets('words')
    assert.deepEqual(
      committed.map(({ topic, offset }) => [topic, offset]),
      [['word', 5]],
    )
    assert.deepEqual(await json('list'), [])
  })

  test('what does not go together or is not there is refused', async () => {
    assert.equal(refusal(await run(...reset, '--to-latest', '--to-offset', '1'), 'USAGE'), undefined)
    assert.equal(refusal(await run(...reset, '--by-duration', '1h'), 'STREAMS_RESET_INVALID'), undefined)
    assert.equal(refusal(await run(...reset, '--input-topics', 'nowhere'), 'STREAMS_RESET_INVALID'), undefined)
    assert.equal(refusal(await run('reset', 'nobody', '--yes'), 'NOT_FOUND'), undefined)
  })
})

function processed(streams: StreamsInstance): number {
  const samples = [...streams.metrics()].filter(({ name }) => name === 'millrace_streams_records_processed_total')
  return samples.reduce((sum, { value }) => sum + value, 0)
}
