import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startApacheKafka } from '../kafka/apache-kafka.ts'
import { freePort } from '../support/free-port.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { Project, packAll, packagingUnavailable, projectEnvironment } from './packed.ts'

const placeOrder = `import { outbox } from 'millrace'
import pg from 'pg'
import { order } from './contracts.ts'
const [id, customerId, amount] = process.argv.slice(2)
const client = new pg.Client({ connectionString: process.env.DATABASE_URL })
await client.connect()
await client.query('begin')
await outbox(client).append(order, id, { customerId, amount: Number(amount) })
await client.query('commit')
await client.end()
`

/** A command of the project that keeps running. */
class Running implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly lines: string[] = []
  readonly #exited: Promise<number | null>

  constructor(project: Project, environment: Record<string, string>, ...args: string[]) {
    this.#child = spawn(join(project.folder, 'node_modules/.bin/millrace'), args, {
      cwd: project.folder,
      env: { ...projectEnvironment(project.folder), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve))
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.lines.push(line))
    }
  }

  async line(pattern: RegExp): Promise<string> {
    for (let waited = 0; waited < 90_000; waited += 50) {
      const match = this.lines.map((line) => pattern.exec(line)).find((found) => found !== null)
      if (match) return match[1] ?? match[0]
      if (this.#child.exitCode !== null) break
      await delay(50)
    }
    throw new Error(`nothing printed matches ${pattern}:\n${this.lines.join('\n')}`)
  }

  async stop(): Promise<number | null> {
    this.#child.kill('SIGINT')
    return this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.stop()
  }
}

async function stateOf(url: string, key: string, expected: unknown): Promise<void> {
  let last: unknown
  for (let waited = 0; waited < 60_000; waited += 200) {
    const response = await fetch(`${url}/stores/totals/${key}`).catch(() => undefined)
    last = await response?.json().catch(() => undefined)
    if ((last as { value?: unknown } | undefined)?.value === expected) return
    await delay(200)
  }
  assert.fail(`the state of ${key} is ${JSON.stringify(last)}, not ${expected}`)
}

describe('millrace in a project of its own', { skip: packagingUnavailable(), timeout: 900_000 }, () => {
  let folder: string
  let postgres: TestPostgres
  let project: Project
  const cleanup = new AsyncDisposableStack()

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-packed-'))
    cleanup.defer(() => rm(folder, { recursive: true, force: true }))
    const tarballs = await packAll(folder)
    postgres = cleanup.use(await startPostgres())
    project = cleanup.use(await Project.create({ type: 'module' }))
    await project.install(...tarballs.map((tarball) => tarball.path), 'node@24')
    await project.run('npx', 'millrace', 'init')
    await project.write('place.ts', placeOrder)
  })
  after(() => cleanup.disposeAsync())

  test('init overwrites nothing', async () => {
    await project.write('totals.ts', `${await project.read('totals.ts')}// mine\n`)
    const output = await project.run('npx', 'millrace', 'init')
    assert.match(output, /kept\s+totals\.ts/)
    assert.match(await project.read('totals.ts'), /\/\/ mine/)
  })

  test('the compiler that init installed accepts what init wrote, and a use that is not typed so does not pass', async () => {
    await project.run('npx', 'tsc')
    await project.write(
      'wrong.ts',
      `import { order } from './contracts.ts'\norder.value.serialize({ customer: 'a' })\n`,
    )
    await assert.rejects(project.run('npx', 'tsc'), /wrong\.ts.*customer/s)
    await project.write('wrong.ts', 'export {}\n')
  })

  test('a committed row is a record and state under dev, and dev leaves nothing behind', async () => {
    const url = await postgres.createDatabase('dev')
    await project.write('.env', `DATABASE_URL=${url}\n`)
    await project.run('npx', 'millrace', 'migrate')
    await using dev = new Running(project, {}, 'dev', '--port', String(await freePort()), '--gateway-port', '0')
    const brokers = await dev.line(/broker\s+(\S+)/)
    const gateway = await dev.line(/gateway listening on (\S+)/)
    await dev.line(/orders?.*running|outbox.*running|: running/)
    await project.run('node', '--env-file=.env', 'place.ts', 'o-1', 'alice', '12')
    await project.run('node', '--env-file=.env', 'place.ts', 'o-2', 'alice', '30')
    await stateOf(gateway, 'alice', 42)
    const consumed = await project.run(
      'npx',
      'millrace',
      'consume',
      'order',
      '--brokers',
      brokers,
      '--from-beginning',
      '--exit-at-end',
      '--json',
    )
    const records = consumed
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { key: string; value: unknown })
    assert.deepEqual(
      records.map(({ key, value }) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1)),
      [
        { key: 'o-1', value: { customerId: 'alice', amount: 12 } },
        { key: 'o-2', value: { customerId: 'alice', amount: 30 } },
      ],
    )
    assert.equal(await dev.stop(), 0)
    await assert.rejects(fetch(`${gateway}/livez`))
  })

  test('run refuses to start without brokers', async () => {
    await assert.rejects(project.run('npx', 'millrace', 'run'), /DATABASE_URL|CONFIG_NO_BROKERS/)
    await using run = new Running(project, { DATABASE_URL: postgres.url('dev') }, 'run')
    assert.match(await run.line(/CONFIG_NO_BROKERS/), /CONFIG_NO_BROKERS/)
  })

  test('with the address of Apache Kafka the same project runs on it', async () => {
    await using kafka = await startApacheKafka()
    const url = await postgres.createDatabase('kafka')
    await project.run('npx', 'millrace', 'migrate', '--url', url)
    const environment = { DATABASE_URL: url, MILLRACE_BROKERS: kafka.brokers }
    await using run = new Running(project, environment, 'run', '--gateway-port', '0', '--data-dir', '.millrace-kafka')
    const gateway = await run.line(/gateway listening on (\S+)/)
    await project.write('.env', `DATABASE_URL=${url}\n`)
    await run.line(/: running/)
    await project.run('node', '--env-file=.env', 'place.ts', 'o-1', 'bob', '7')
    await stateOf(gateway, 'bob', 7)
    assert.equal(await run.stop(), 0)
  })
})
