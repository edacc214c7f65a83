import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { mavenJars, outputOf } from '../support/maven-jars.ts'

/** A running Apache Kafka node. */
export interface ApacheKafka {
  /** `host:port` of the one broker. */
  readonly brokers: string
  /** The broker's process id, for measurements. */
  readonly pid: number
  /** Class path of the jars, for starting Kafka's own command line tools with `java -cp`. */
  readonly classPath: string
  /** `host:port` of the listeners that `options.listeners` added, by name. */
  readonly listeners: Readonly<Record<string, string>>
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface ApacheKafkaOptions {
  readonly config?: Record<string, string>
  readonly features?: Record<string, number>
  readonly scram?: readonly string[]
  /** Listeners beside the usual one, with their protocols: `{ SECURE: 'SASL_SSL' }`. */
  readonly listeners?: Readonly<Record<string, string>>
}

const here = import.meta.dirname
const startTimeoutMs = 120_000

/**
 * Why Apache Kafka cannot run here, or undefined when it can; the `skip` of a test. With MILLRACE_REQUIRE_KAFKA=1 it
 * is always undefined, so that a missing tool fails the test instead.
 *
 * @example
 * test('…', { skip: apacheKafkaUnavailable() }, async () => { await using kafka = await startApacheKafka() … })
 */
export function apacheKafkaUnavailable(): string | undefined {
  if (process.env.MILLRACE_REQUIRE_KAFKA === '1') return undefined
  const missing = ['java', 'mvn'].filter((tool) => spawnSync(tool, ['-version'], { stdio: 'ignore' }).status !== 0)
  if (missing.length === 0) return undefined
  const reason = `Apache Kafka cannot run: ${missing.join(' and ')} not found (MILLRACE_REQUIRE_KAFKA=1 makes this a failure)`
  console.log(reason)
  return reason
}

/** Class path of Apache Kafka's jars, for its tools against another broker; the first call fetches them with Maven. */
export function apacheKafkaClassPath(): string {
  return join(mavenJars(here), '*')
}

/**
 * Starts one Apache Kafka 4.3 node (KRaft, combined roles, replication factors 1) on free ports of 127.0.0.1, with its
 * data in a temporary folder that goes away on close. The first start fetches the jars with Maven.
 *
 * @param options.config Additional lines of server.properties, for example `{ 'auto.create.topics.enable': 'false' }`; an
 *   empty text takes one of ours away.
 * @param options.scram SCRAM users to create, in Kafka's notation, for example `SCRAM-SHA-256=[name=app,password=secret]`.
 * @param options.features Feature levels given to `StorageTool format`, for example `{ 'transaction.version': 1 }`.
 */
export async function startApacheKafka(options: ApacheKafkaOptions = {}): Promise<ApacheKafka> {
  const classPath = apacheKafkaClassPath()
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(classPath, options)
    } catch (error) {
      // Somebody else may have taken a port between our finding it free and Kafka's binding it.
      if (attempt === 3) throw error
    }
  }
}

async function startOnce(classPath: string, options: ApacheKafkaOptions): Promise<ApacheKafka> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
  const added = Object.entries(options.listeners ?? {})
  const [port, controllerPort, ...ports] = (await freePorts(2 + added.length)) as [number, number, ...number[]]
  const listeners = added.map(([name, protocol], index) => ({ name, protocol, address: `127.0.0.1:${ports[index]}` }))
  const properties = join(folder, 'server.properties')
  const ours = serverProperties(folder, port, controllerPort)
  for (const { name, protocol, address } of listeners) {
    ours.listeners += `,${name}://${address}`
    ours['advertised.listeners'] += `,${name}://${address}`
    ours['listener.security.protocol.map'] += `,${name}:${protocol}`
  }
  await writeFile(properties, propertyLines({ ...ours, ...options.config }))
  const features = Object.entries(options.features ?? {}).flatMap(([name, level]) => ['--feature', `${name}=${level}`])
  const scram = (options.scram ?? []).flatMap((user) => ['--add-scram', user])
  const clusterId = randomBytes(16).toString('base64url')
  const format = [
    '-cp',
    classPath,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    clusterId,
    '-c',
    properties,
    ...features,
    ...scram,
  ]
  const formatted = spawnSync('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...format], {
    encoding: 'utf8',
  })
  if (formatted.status !== 0) {
    await rm(folder, { recursive: true, force: true })
    throw new Error(`formatting Apache Kafka's storage failed: ${outputOf(formatted)}`)
  }
  const log = join(folder, 'kafka.log')
  const child = spawn('java', ['-Xms256m', '-Xmx1g', '-XX:+UseSerialGC', '-cp', classPath, 'kafka.Kafka', properties], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = createWriteStream(log)
  child.stdout.pipe(output, { end: false })
  child.stderr.pipe(output, { end: false })
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const close = async (): Promise<void> => {
    await stop(child)
    process.off('exit', killAtExit)
    output.end()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    await ready(child, port)
  } catch (error) {
    const tail = (await readFile(log, 'utf8').catch(() => '')).slice(-4_000)
    await close()
    throw new Error(`Apache Kafka did not start\n${tail}`, { cause: error })
  }
  return {
    brokers: `127.0.0.1:${port}`,
    listeners: Object.fromEntries(listeners.map(({ name, address }) => [name, address])),
    pid: child.pid as number,
    classPath,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function serverProperties(folder: string, port: number, controllerPort: number) {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(folder, 'data'),
    'num.partitions': '1',
    'default.replication.factor': '1',
    'min.insync.replicas': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'log.retention.ms': '-1',
  }
}

function propertyLines(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, '127.0.0.1', done))))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + startTimeoutMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`kafka.Kafka ended with ${child.exitCode}`)
    if (await serves(port)) return
    await delay(50)
  }
  throw new Error(`no answer on port ${port} within ${startTimeoutMs} ms`)
}

const apiVersions = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])
const metadata = Buffer.from([0, 0, 0, 14, 0, 3, 0, 0, 0, 0, 0, 2, 0xff, 0xff, 0, 0, 0, 0])

/**
 * The socket opens before requests are served, and requests are served before the controller lets the broker in; until
 * then Metadata names no broker and topics are refused. So ApiVersions v0 and Metadata v0 are asked, one after the other. A
 * listener that wants a login first hangs up on the second: then the answer to the first is all there is.
 */
function serves(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    let answers = 0
    const finish = (isServing: boolean): void => {
      socket.destroy()
      resolve(isServing)
    }
    socket.setTimeout(1_000, () => finish(false))
    socket.on('connect', () => socket.write(apiVersions))
    socket.on('data', (answer) => {
      answers++
      if (answers === 1) socket.write(metadata)
      // Behind length and correlation id stands the number of brokers.
      else finish(answer.length >= 12 && answer.readInt32BE(8) > 0)
    })
    socket.on('error', () => finish(answers === 1))
    socket.on('close', () => finish(answers === 1))
  })
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await ended
  clearTimeout(timer)
}
