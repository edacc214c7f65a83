// The daily tools and the preparing commands, through the real command line.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { startPostgres } from '@millrace/conformance/postgres'
import { kafkaClient } from '@millrace/kafka'
import type { Command } from 'commander'
import { buildProgram } from '../src/cli/main.ts'
import { millrace, Project, refusal } from './support/command-line.ts'

let broker: Broker
before(async () => {
  broker = await startBroker({ memory: true, worker: false })
})
after(() => broker.close())

/** Runs a tool against the broker and returns its JSON. */
async function json(...args: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await millrace([...args, '--json'], {
    environment: { MILLRACE_BROKERS: broker.brokers },
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

describe('topics, records and groups', () => {
  test('a topic is created, listed, described, and deleted only with --yes', async () => {
    const brokers = ['--brokers', broker.brokers]
    await json('topics', 'create', 'order', '--partitions', '2', '--config', 'cleanup.policy=compact')
    assert.deepEqual(await json('topics', 'list'), [{ topic: 'order', partitions: 2, offsets: 0 }])
    const described = (await json('topics', 'describe', 'order')) as { config: Record<string, string> }
    assert.equal(described.config['cleanup.policy'], 'compact')
    const preview = await millrace(['topics', 'delete', 'order', ...brokers])
    assert.equal(refusal(preview, 'CONFIRMATION_NEEDED'), undefined)
    assert.match(preview.stderr, /^preview this would delete order: 2 partitions, 0 offsets/)
    assert.deepEqual(await json('topics', 'delete', 'order', '--yes'), { topic: 'order', deleted: true })
    assert.equal(refusal(await millrace(['topics', 'describe', 'order', ...brokers]), 'NOT_FOUND'), undefined)
  })

  test('lines are produced with keys, headers and tombstones, and consumed as they were', async () => {
    await json('topics', 'create', 'note')
    const produced = await millrace(
      ['produce', 'note', '--header', 'trace=t1', '--brokers', broker.brokers, '--json'],
      {
        input: 'a\t{"n":1}\nb\tplain\na\t\nno key\n',
      },
    )
    assert.deepEqual(JSON.parse(produced.stdout), { topic: 'note', records: 4 })
    const consumed = await millrace([
      'consume',
      'note',
      '--from-beginning',
      '--exit-at-end',
      '--json',
      '--brokers',
      broker.brokers,
    ])
    const records = consumed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      records.map(({ key, value }) => [key, value]),
      [
        ['a', { n: 1 }],
        ['b', 'plain'],
        ['a', null],
        [null, 'no key'],
      ],
    )
    assert.deepEqual(records[0]?.headers, { trace: 't1' })
    const first = await millrace(['consume', 'note', '--from-beginning', '--max', '1', '--brokers', broker.brokers])
    assert.match(first.stdout, /^0:0 {2}\S+ {2}a {2}\{"n":1\}\n$/)
  })

  test('a group is listed and described with its lag', async () => {
    await using client = kafkaClient({ brokers: broker.brokers })
    await client.admin.createTopics([{ name: 'lagging', partitions: 1 }])
    await using producer = client.producer()
    for (let i = 0; i < 3; i++) await producer.send({ topic: 'lagging', key: null, value: Buffer.from('x') })
    {
      await using consumer = client.consumer({ groupId: 'readers', autoOffsetReset: 'earliest' })
      consumer.subscribe({ topics: ['lagging'] })
      while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 50 })
      await consumer.commit([{ topic: 'lagging', partition: 0, offset: 1 }])
    }
    assert.ok(((await json('groups', 'list')) as { groupId: string }[]).some(({ groupId }) => groupId === 'readers'))
    const described = (await json('groups', 'describe', 'readers')) as { offsets: { lag: number }[] }
    assert.deepEqual(
      described.offsets.map(({ lag }) => lag),
      [2],
    )
    const unknown = await millrace(['groups', 'describe', 'nobody', '--brokers', broker.brokers])
    assert.equal(refusal(unknown, 'NOT_FOUND'), undefined)
    assert.match(unknown.stderr, /remedy .*millrace groups list/)
  })

  test('a partition that a member reads without a commit is described too, in order', async () => {
    await using client = kafkaClient({ brokers: broker.brokers })
    await client.admin.createTopics([{ name: 'wide', partitions: 11 }])
    await using consumer = client.consumer({ groupId: 'wide-readers', autoOffsetReset: 'earliest' })
    consumer.subscribe({ topics: ['wide'] })
    while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 50 })
    await consumer.commit([{ topic: 'wide', partition: 10, offset: 0 }])
    const described = (await json('groups', 'describe', 'wide-readers')) as {
      offsets: { partition: number; committed: number | null }[]
    }
    assert.deepEqual(
      described.offsets.map(({ partition, committed }) => [partition, committed]),
      Array.from({ length: 11 }, (_, partition) => [partition, partition === 10 ? 0 : null]),
    )
    const { stdout } = await millrace(['groups', 'describe', 'wide-readers', '--brokers', broker.brokers])
    assert.match(stdout, /, 1 member,/)
    assert.match(stdout, /^wide +2 +- +0 +- +\S+$/m)
  })

  test('no gateway answers', async () => {
    for (const args of [
      ['query', 'totals', 'a'],
      ['connect', 'status'],
    ]) {
      assert.equal(refusal(await millrace([...args, '--url', 'http://127.0.0.1:1']), 'GATEWAY_UNREACHABLE'), undefined)
    }
  })
})

describe('settings and projects', { concurrency: 2 }, () => {
  test('the environment wins over .env also where both say the same, and .env is not for run', async () => {
    await using project = await Project.create({
      'millrace.config.ts': `export default { brokers: 'from:1', gateway: { port: Number(process.env.ONLY_IN_DOTENV ?? 1) } }`,
      '.env': 'MILLRACE_BROKERS=same:9\nMILLRACE_DATA_DIR=state\nONLY_IN_DOTENV=4321\n',
    })
    const options = { cwd: project.folder, environment: { MILLRACE_BROKERS: 'same:9' } }
    const shown = await millrace(['config', '--show', '--json', '--gateway-host', '::1'], options)
    const rows = JSON.parse(shown.stdout) as { setting: string; value: string; origin: string }[]
    const row = (name: string) => rows.find(({ setting }) => setting === name)
    assert.deepEqual(row('brokers'), { setting: 'brokers', value: 'same:9', origin: 'environment' })
    assert.deepEqual(row('dataDir'), { setting: 'dataDir', value: 'state', origin: '.env' })
    assert.deepEqual(row('gatewayPort'), { setting: 'gatewayPort', value: '4321', origin: 'config' })
    assert.deepEqual(row('gatewayHost'), { setting: 'gatewayHost', value: '::1', origin: 'flag' })
  })

  test('config --show masks passwords', async () => {
    await using project = await Project.create({
      'millrace.config.ts': `export default { brokers: 'sasl://u:hunter2@h:1' }`,
    })
    const { stdout } = await millrace(['config', '--show'], { cwd: project.folder })
    assert.match(stdout, /brokers +sasl:\/\/u:\*+@h:1 +config/)
    assert.doesNotMatch(stdout, /hunter2/)
  })

  test('init adds what is missing, overwrites nothing, and can be repeated', async () => {
    await using project = await Project.create({ 'contracts.ts': '// mine\n' })
    const first = await millrace(['init', '--no-install'], { cwd: project.folder })
    assert.equal(first.status, 0, first.stderr)
    assert.match(first.stdout, /npm install pg pg-logical-replication zod\n.*npm install -D typescript/)
    assert.equal(await readFile(project.path('contracts.ts'), 'utf8'), '// mine\n')
    const written = await readFile(project.path('millrace.config.ts'), 'utf8')
    const again = await millrace(['init', '--no-install'], { cwd: project.folder })
    assert.doesNotMatch(again.stdout, /created/)
    assert.equal(await readFile(project.path('millrace.config.ts'), 'utf8'), written)
  })

  test('init names a command that the project has', async () => {
    for (const [more, step] of [
      ['"scripts":{"db:migrate":"node migrate.ts","migrate:down":"x"}', /2\. npm run db:migrate /],
      ['"devDependencies":{"kysely-ctl":"0.21.0"}', /2\. npx kysely migrate latest /],
      ['"private":true', /2\. your Migrator, or npx -p kysely-ctl kysely migrate latest/],
    ] as const) {
      const manifest = `{"type":"module","dependencies":{"kysely":"0.28.0"},${more}}`
      await using project = await Project.create({ 'package.json': manifest })
      assert.match((await millrace(['init', '--no-install'], { cwd: project.folder })).stdout, step)
    }
  })

  test('doctor says what is wrong and ends with status 1', async () => {
    await using project = await Project.create({ 'millrace.config.ts': `export default { brokers: '127.0.0.1:1' }` })
    const outcome = await millrace(['doctor', '--json'], { cwd: project.folder })
    assert.equal(outcome.status, 1)
    assert.deepEqual(
      (JSON.parse(outcome.stdout) as { ok: boolean; code: string }[]).map(({ ok, code }) => [ok, code]),
      [[false, 'BROKERS_UNREACHABLE']],
    )
  })

  test('doctor tells who has no database what to start, and who has no outbox to migrate', async () => {
    await using postgres = await startPostgres()
    await using project = await Project.create({
      'millrace.config.ts': `import { postgresOutbox, serdes, topic } from 'millrace'
        const order = topic('order', { key: serdes.string, value: serdes.string })
        export default { sources: [postgresOutbox({ url: process.env.DATABASE_URL, topics: [order] })] }`,
      '.env': `DATABASE_URL=${postgres.url()}\n`,
    })
    const options = { cwd: project.folder }
    assert.match((await millrace(['doctor'], options)).stdout, /POSTGRES_TABLE_MISSING\]\n +.*npx millrace migrate/)
    const migrated = await millrace(['migrate'], options)
    assert.equal(migrated.status, 0, migrated.stderr)
    const fine = (await millrace(['doctor'], options)).stdout
    assert.doesNotMatch(fine, /FAIL/)
    assert.match(fine, /ok {3}source \S+: PostgreSQL \d+.*capture reads its log/)
    assert.match(fine, /slot millrace_\S+ will be created: 0 of \d+ slots are in use/)
    assert.match(fine, /max_slot_wal_keep_size = -1/)
    const refused = await millrace(['doctor'], {
      ...options,
      environment: { DATABASE_URL: 'postgres://a@127.0.0.1:1/x' },
    })
    const noUrl = await millrace(['doctor'], { ...options, environment: { DATABASE_URL: 'nonsense' } })
    assert.match(noUrl.stdout, /POSTGRES_UNAVAILABLE\]\n +The url is no URL/)
    assert.match(refused.stdout, /127\.0\.0\.1:1[^\n]*POSTGRES_UNAVAILABLE\]\n +Start PostgreSQL, or correct the url/)
  })

  test('migrate never takes the defaults of the driver for the database', async () => {
    await using project = await Project.create()
    const options = { cwd: project.folder, environment: { DATABASE_URL: '' } }
    for (const args of [[], ['--url', ''], ['--url', 'shop']]) {
      assert.equal(refusal(await millrace(['migrate', ...args], options), 'DATABASE_URL_MISSING'), undefined)
    }
    await project.write({ '.env': 'DATABASE_URL=postgres://a@127.0.0.1:1/x\n' })
    const found = await millrace(['migrate'], options)
    assert.equal(refusal(found, 'DATABASE_UNREACHABLE'), undefined)
    assert.match(found.stderr, /127\.0\.0\.1:1/)
  })

  test('what init writes passes the compiler', async () => {
    await using project = await Project.create()
    await millrace(['init', '--no-install'], { cwd: project.folder })
    const compiler = spawnSync('npx', ['tsc', '-p', '.', '--customConditions', 'source'], {
      cwd: project.folder,
      encoding: 'utf8',
    })
    assert.equal(compiler.status, 0, compiler.stdout)
  })

  test('colours are for terminals, and NO_COLOR turns them off', async () => {
    const colour = String.fromCharCode(27)
    const forced = await millrace(['run', 'none.ts'], { environment: { FORCE_COLOR: '1' } })
    assert.ok(forced.stderr.includes(colour))
    const plain = await millrace(['run', 'none.ts'], { environment: { NO_COLOR: '1' } })
    assert.ok(!plain.stderr.includes(colour))
  })
})

describe('help', () => {
  const leaves = (command: Command, path: string[]): (readonly [string[], Command])[] =>
    command.commands.length === 0
      ? [[path, command]]
      : command.commands.flatMap((child) => leaves(child, [...path, child.name()]))

  for (const [path, command] of leaves(buildProgram(), ['millrace'])) {
    test(`${path.join(' ')} has a description, and every flag says what it does`, () => {
      const names = [path.join(' '), ...command.aliases()].join('|')
      assert.ok(command.helpInformation().startsWith(`Usage: ${names} `))
      assert.ok(command.description().length > 10)
      for (const { flags, description, hidden } of command.options) {
        if (!hidden) assert.ok(description.length > 3, `${flags} of ${path.join(' ')}`)
      }
    })
  }

  test('--help of the program and of a command print to standard output and succeed', async () => {
    for (const args of [['--help'], ['broker', '--help'], ['topics', 'create', '--help']]) {
      const { status, stdout, stderr } = await millrace(args)
      assert.deepEqual([status, stderr], [0, ''])
      assert.match(stdout, /^Usage: millrace/)
    }
  })
})
