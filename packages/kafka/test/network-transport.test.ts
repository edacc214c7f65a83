import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { type Broker, startBroker } from '@millrace/broker'
import { kafkaClient, networkTransport } from '@millrace/kafka'

const fixture = (name: string): Buffer => readFileSync(new URL(`fixtures/${name}`, import.meta.url))
const cert = fixture('localhost-cert.pem')
const key = fixture('localhost-key.pem')

let broker: Broker
before(async () => {
  broker = await startBroker({ memory: true, worker: false })
})
after(() => broker.close())

/** A server that does with every connection what it is told, closed at the end of the test. */
async function serving(server: Server): Promise<{ brokers: string; port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    brokers: `127.0.0.1:${port}`,
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const short = { requestTimeoutMs: 300, operationTimeoutMs: 600 }

test('over TLS, against a certificate that is trusted', async () => {
  await using proxy = await serving(
    createTlsServer({ cert, key }, (socket) => {
      const upstream = connect(broker.port, broker.host)
      socket.on('error', () => {})
      upstream.on('error', () => {})
      socket.pipe(upstream).pipe(socket)
    }),
  )
  const transport = networkTransport({ tls: { ca: cert } })
  const connection = await transport.connect({ host: '127.0.0.1', port: proxy.port }, { clientId: 'c' })
  // ApiVersions v0, correlation id 1, no client id.
  const response = await connection.send(Buffer.from([0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]), { deadlineMs: 5_000 })
  assert.equal(response.readInt32BE(0), 1)
  assert.ok(response.length > 100)
  connection.close()
  await connection.closed
})

test('over TLS, a certificate that nobody signed is refused', async () => {
  await using server = await serving(createTlsServer({ cert, key }))
  await using client = kafkaClient({ ...short, brokers: server.brokers, transport: networkTransport({ tls: true }) })
  await assert.rejects(client.admin.describeCluster(), (error: Error) => /self-signed/.test(chain(error)))
})

test('a port where nobody listens', async () => {
  const server = createServer()
  const { brokers } = await serving(server).then(async (running) => {
    await running[Symbol.asyncDispose]()
    return running
  })
  await using client = kafkaClient({ ...short, brokers })
  await assert.rejects(client.admin.describeCluster(), (error: Error & { code: string }) => {
    assert.equal(error.code, 'KAFKA_TIMEOUT')
    assert.match(chain(error), /ECONNREFUSED/)
    return true
  })
})

test('a second bootstrap address helps when the first is dead', async () => {
  await using client = kafkaClient({ ...short, brokers: ['127.0.0.1:1', broker.brokers] })
  assert.equal((await client.admin.describeCluster()).brokers.length, 1)
})

test('a server that speaks something else is named as such', async () => {
  await using server = await serving(createServer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')))
  await using client = kafkaClient({ ...short, brokers: server.brokers })
  await assert.rejects(client.admin.describeCluster(), { code: 'KAFKA_RESPONSE_TOO_LARGE' })
})

test('a server that says nothing costs no more than the deadline', async () => {
  await using server = await serving(createServer())
  await using client = kafkaClient({ ...short, brokers: server.brokers })
  const startMs = performance.now()
  await assert.rejects(client.admin.describeCluster(), { code: 'KAFKA_TIMEOUT' })
  assert.ok(performance.now() - startMs < 5_000)
})

test('a server that hangs up is tried again until the time is over', async () => {
  let connections = 0
  await using server = await serving(
    createServer((socket) => {
      connections += 1
      socket.destroy()
    }),
  )
  await using client = kafkaClient({ ...short, brokers: server.brokers })
  await assert.rejects(client.admin.describeCluster(), { code: 'KAFKA_TIMEOUT' })
  assert.ok(connections > 1)
})

test('a response over the limit ends the connection', async () => {
  const transport = networkTransport({ maxResponseBytes: 1_024 })
  const filled = kafkaClient({ brokers: broker.brokers })
  await filled.admin.createTopics([{ name: 'large' }], { ifNotExists: true })
  await using producer = filled.producer()
  await producer.send({ topic: 'large', key: null, value: Buffer.alloc(5_000) })
  await using client = kafkaClient({ ...short, brokers: broker.brokers, transport })
  await using consumer = client.consumer()
  consumer.assign([{ topic: 'large', partition: 0 }])
  await assert.rejects(consumer.poll({ timeoutMs: 5_000 }), { code: 'KAFKA_RESPONSE_TOO_LARGE' })
  await producer.close()
  await filled.close()
})

test('an aborted connect ends at once', async () => {
  await using server = await serving(createTlsServer({ cert, key }))
  const abort = new AbortController()
  const connecting = networkTransport({ sasl: { mechanism: 'PLAIN', username: 'u', password: 'p' } }).connect(
    { host: '127.0.0.1', port: server.port },
    { clientId: 'c', signal: abort.signal },
  )
  abort.abort(new Error('enough'))
  await assert.rejects(connecting, { code: 'KAFKA_CONNECT_FAILED' })
})

function chain(error: unknown): string {
  return error instanceof Error ? `${error.message} ${chain(error.cause)}` : ''
}
