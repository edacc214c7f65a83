// Bytes that are no requests, and clients that break off: on the ports of real processes, next to clients that keep working.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { apis, decodeResponse, encodeRequest, RecordBatchBuilder } from '@millrace/protocol'
import { millrace, Project, RunningCommand, refusal } from './support/command-line.ts'

let folder: string
let broker: RunningCommand
let brokers: string
let client: KafkaClient
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-broker-'))
  broker = new RunningCommand(['broker', '--port', '0', '--data', folder])
  brokers = await broker.prints(/listening on (\S+)/)
  client = kafkaClient({ brokers })
  await client.admin.createTopics([{ name: 'order', partitions: 1 }])
})
after(async () => {
  await client?.close()
  await broker?.stop()
  await rm(folder, { recursive: true, force: true })
})

function open(address: string): Promise<Socket> {
  const [host, port] = address.split(':') as [string, string]
  const socket = connect(Number(port), host)
  socket.on('error', () => {})
  return once(socket, 'connect').then(() => socket)
}

function framed(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(bytes.length)
  return Buffer.concat([size, bytes])
}

async function isClosed(socket: Socket, timeoutMs = 5_000): Promise<boolean> {
  socket.resume()
  return Promise.race([once(socket, 'close').then(() => true), delay(timeoutMs).then(() => false)])
}

async function latest(): Promise<number> {
  const [listed] = await client.admin.listOffsets([{ topic: 'order', partition: 0, at: 'latest' }])
  return listed?.offset ?? -1
}

describe("garbage on the broker's port closes that connection and nothing else", () => {
  const size = (bytes: number): Buffer => {
    const head = Buffer.alloc(4)
    head.writeInt32BE(bytes)
    return head
  }
  const metadata = encodeRequest({ api: apis.Metadata, version: 12, correlationId: 1, clientId: 'x', body: {} })
  const garbage: readonly (readonly [string, Buffer])[] = [
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: broker\r\n\r\n')],
    ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
    ['zeros', Buffer.alloc(64)],
    ['a negative size', size(-1)],
    ['an oversized frame', Buffer.concat([size(2 ** 31 - 1), Buffer.alloc(100)])],
    ['a request whose body is cut short', framed(metadata.subarray(0, metadata.length - 3))],
    ['an API key that nobody has', framed(Buffer.from('7fff0000000000010000', 'hex'))],
  ]
  for (const [what, bytes] of garbage) {
    test(what, async () => {
      await using producer = client.producer()
      await producer.send({ topic: 'order', key: null, value: Buffer.from('before') })
      const offset = await latest()
      const socket = await open(brokers)
      socket.write(bytes)
      assert.equal(await isClosed(socket), true, 'the connection closes')
      await producer.send({ topic: 'order', key: null, value: Buffer.from('after') })
      assert.equal(await latest(), offset + 1)
    })
  }

  test('a frame that its client breaks off leaves nothing behind', async () => {
    const offset = await latest()
    const socket = await open(brokers)
    socket.write(Buffer.concat([size(1_000), Buffer.alloc(400)]))
    await delay(50)
    socket.destroy()
    await using producer = client.producer()
    await producer.send({ topic: 'order', key: null, value: Buffer.from('after') })
    assert.equal(await latest(), offset + 1)
  })

  test('a batch with a wrong checksum is refused, is not stored, and the connection goes on', async () => {
    const offset = await latest()
    const builder = new RecordBatchBuilder()
    builder.append(1, null, Buffer.from('damaged'))
    const records = Buffer.from(builder.build({}))
    const last = records.length - 1
    records[last] = (records[last] as number) ^ 0xff
    const version = 9
    const body = {
      acks: -1,
      timeoutMs: 1_000,
      topicData: [{ name: 'order', partitionData: [{ index: 0, records }] }],
    }
    const socket = await open(brokers)
    const request = encodeRequest({ api: apis.Produce, version, correlationId: 7, clientId: 'x', body })
    for (const _ of ['once', 'and again on the same connection']) {
      socket.write(framed(request))
      const [answer] = (await once(socket, 'data')) as [Buffer]
      const { body: answered } = decodeResponse({ api: apis.Produce, version, bytes: answer.subarray(4) })
      assert.equal(answered.responses[0]?.partitionResponses[0]?.errorCode, 2, 'CORRUPT_MESSAGE')
    }
    socket.destroy()
    assert.equal(await latest(), offset)
  })

  test('the broker has said on no line that it failed, and stops cleanly', async () => {
    assert.doesNotMatch(broker.output, /\s+at .*:\d+:\d+/)
  })
})

test('a data folder that another broker serves from is refused, and that broker goes on', async () => {
  const outcome = await millrace(['broker', '--port', '0', '--data', folder])
  assert.equal(refusal(outcome, 'BROKER_DATA_FOLDER_IN_USE'), undefined)
  assert.match(outcome.stderr, new RegExp(`${broker.pid}`), 'names the owner')
  assert.ok((await latest()) > 0)
})

test('a killed broker has everything that it acknowledged, and takes its own stale lock over', async () => {
  const own = await mkdtemp(join(tmpdir(), 'millrace-broker-'))
  try {
    await using first = new RunningCommand(['broker', '--port', '0', '--data', own])
    await using one = kafkaClient({ brokers: await first.prints(/listening on (\S+)/) })
    await one.admin.createTopics([{ name: 'kept' }])
    await using producer = one.producer()
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => producer.send({ topic: 'kept', key: null, value: Buffer.from(`${i}`) })),
    )
    await first.stop('SIGKILL')
    await using second = new RunningCommand(['broker', '--port', '0', '--data', own])
    const address = await second.prints(/listening on (\S+)/)
    const { stdout } = await millrace([
      'consume',
      'kept',
      '--from-beginning',
      '--exit-at-end',
      '--json',
      '--brokers',
      address,
    ])
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { value: string }).value),
      Array.from({ length: 200 }, (_, i) => `${i}`),
    )
    assert.equal(await second.stop('SIGTERM'), 0)
    assert.ok(!(await readdir(own)).includes('lock'))
  } finally {
    await rm(own, { recursive: true, force: true })
  }
})

test('a broker without --data says on standard error that its data is in memory, and standard output stays clean', async () => {
  await using memory = new RunningCommand(['broker', '--port', '0'])
  await memory.prints(/listening on/)
  assert.match(memory.stderr, /in memory/)
  assert.match(memory.stdout, /^listening on 127\.0\.0\.1:\d+\n$/)
  await using quiet = new RunningCommand(['broker', '--port', '0', '--memory', '--host', '0.0.0.0', '--allow-remote'])
  await quiet.prints(/listening on/)
  assert.equal(quiet.stderr, '')
})

test('what is no HTTP on the port of the gateway gets one answer and ends, and the gateway goes on', async () => {
  await using project = await Project.create({ 'millrace.config.ts': 'export default { gateway: { port: 0 } }' })
  await using run = new RunningCommand(['run', '--brokers', brokers], { cwd: project.folder })
  const url = await run.prints(/gateway listening on (\S+)/)
  const socket = await open(url.replace('http://', ''))
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.write('\0\0\0\x10rubbish\r\n\r\n')
  assert.equal(await isClosed(socket), true)
  assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400 [\s\S]*"code":"GATEWAY_BAD_REQUEST"/)
  const malformed: readonly (readonly [string, RequestInit, number])[] = [
    ['/stores/x/%ZZ', {}, 400],
    ['/stores', { method: 'POST', body: '{"half', headers: { 'content-type': 'application/json' } }, 400],
    ['/stores/none', {}, 404],
    ['/nowhere', {}, 404],
  ]
  for (const [path, options, status] of malformed) {
    const response = await fetch(url + path, options)
    const body = (await response.json()) as { code: string; message: string; remedy: string }
    assert.equal(response.status, status, path)
    assert.ok(body.code && body.message && body.remedy, path)
  }
  assert.equal((await fetch(`${url}/livez`)).status, 200)
  assert.equal(await run.stop('SIGINT'), 0)
})
