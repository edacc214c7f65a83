// What cannot work is refused by the real command line with one error that says what to do.
import assert from 'node:assert/strict'
import { chmod } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { millrace, type Outcome, Project, RunningCommand, refusal } from './support/command-line.ts'

const emptyConfig = `import { defineConfig } from 'millrace'\nexport default defineConfig({ gateway: { port: 0 } })\n`

let broker: Broker
let taken: Server
let takenPort: string
before(async () => {
  broker = await startBroker({ memory: true, worker: false })
  taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  takenPort = String((taken.address() as { port: number }).port)
})
after(async () => {
  taken.close()
  await broker.close()
})

function assertRefused(outcome: Outcome, code: string, message: RegExp): void {
  assert.equal(refusal(outcome, code), undefined)
  assert.match(outcome.stderr, message)
}

describe('configurations that cannot be used', { concurrency: 2 }, () => {
  const configurations: readonly (readonly [string, string, string, RegExp])[] = [
    ['throws', `throw new Error('set DATABASE_URL')`, 'CONFIG_INVALID', /cause set DATABASE_URL/],
    ['does not parse', `export default {`, 'CONFIG_INVALID', /millrace\.config\.ts does not load/],
    ['exports nothing', `export const config = {}`, 'CONFIG_INVALID', /does not export a configuration by default/],
    [
      'misspells an option',
      `export default { sorces: [] }`,
      'CONFIG_UNKNOWN_OPTION',
      /`sorces`; did you mean `sources`\?/,
    ],
    [
      'misspells a gateway option',
      `export default { gateway: { prot: 1 } }`,
      'CONFIG_UNKNOWN_OPTION',
      /did you mean `port`/,
    ],
    ['gives a wrong type', `export default { memoryBudgetBytes: '1g' }`, 'CONFIG_INVALID_OPTION', /memoryBudgetBytes/],
    ['lists what is no source', `export default { sources: [{ url: 'x' }] }`, 'CONFIG_INVALID', /sources\[0\]/],
    [
      'names an app by its path alone',
      `export default { apps: ['./app.ts'] }`,
      'CONFIG_INVALID',
      /apps\[0\].*app\(path\)/,
    ],
    ['names no brokers', `export default {}`, 'CONFIG_NO_BROKERS', /names no brokers/],
  ]
  for (const [what, text, code, message] of configurations) {
    test(`a configuration that ${what}`, async () => {
      await using project = await Project.create({ 'millrace.config.ts': text })
      assertRefused(await millrace(['run'], { cwd: project.folder }), code, message)
    })
  }

  test('a configuration that is not there', async () => {
    await using project = await Project.create()
    assertRefused(await millrace(['run', 'other.ts'], { cwd: project.folder }), 'CONFIG_NOT_FOUND', /other\.ts/)
  })

  const applications: readonly (readonly [string, string, RegExp])[] = [
    ['is not there', '', /app\.ts does not load/],
    ['exports nothing', `export {}`, /no default export that is a function/],
    ['throws', `export default () => { throw new Error('no such contract') }`, /cause no such contract/],
    ['returns nothing', `export default () => {}`, /does not return a topology/],
  ]
  for (const [what, text, message] of applications) {
    test(`an application module that ${what}`, async () => {
      await using project = await Project.create({
        'millrace.config.ts': `import { app } from 'millrace'\nexport default { gateway: { port: 0 }, apps: [app('./app.ts')] }`,
        ...(text && { 'app.ts': text }),
      })
      const outcome = await millrace(['run', '--brokers', broker.brokers], { cwd: project.folder })
      assertRefused(outcome, 'APP_INVALID', message)
    })
  }
})

describe('brokers', { concurrency: 2 }, () => {
  test('every setting of a properties file that is none is named with its line and what to do', async () => {
    await using project = await Project.create({
      'server.properties':
        '# KRaft\nprocess.roles=broker,controller\nnode.id=1\n\nbroker.id=1\nlog.dirs=/tmp/a\nnum.partitons=3\nnum.partitions=x\n',
    })
    const args = ['broker', '--port', '0', '--config-file', 'server.properties']
    const outcome = await millrace(args, { cwd: project.folder })
    assertRefused(
      outcome,
      'BROKER_CONFIG_INVALID',
      /^error server\.properties has 5 settings that this broker cannot use/,
    )
    for (const wanted of [
      'server.properties:2 unknown broker setting process.roles: only a cluster has it; take it out',
      'server.properties:5 unknown broker setting broker.id: it is called node.id',
      'server.properties:6 unknown broker setting log.dirs: the folder is --data <dir>',
      'server.properties:7 unknown broker setting num.partitons; did you mean num.partitions?',
      'server.properties:8 Invalid value x for configuration num.partitions',
      'docs/reference/broker-settings.md',
    ]) {
      assert.ok(outcome.stderr.includes(wanted), `${wanted} is not in\n${outcome.stderr}`)
    }
  })

  test('a listener for controllers in a properties file is to be taken out, everywhere it is named', async () => {
    const text = `listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
`
    await using project = await Project.create({
      'server.properties': text,
      'named.properties': `${text.replaceAll('CONTROLLER', 'QUORUM')}controller.listener.names=QUORUM
`,
      'mended.properties': text.replaceAll(/,CONTROLLER\S*/g, ''),
    })
    const start = (file: string): Promise<Outcome> =>
      millrace(['broker', '--memory', '--config-file', file], { cwd: project.folder })
    const [plain, named] = await Promise.all([start('server.properties'), start('named.properties')])
    const advice = 'only a cluster has listeners for controllers; take it out'
    assertRefused(plain, 'BROKER_CONFIG_INVALID', /server\.properties has 2 settings/)
    assert.ok(plain.stderr.includes(`:1 listeners has CONTROLLER://127.0.0.1:0: ${advice}`), plain.stderr)
    assert.ok(plain.stderr.includes(`:2 listener.security.protocol.map has CONTROLLER:PLAINTEXT: ${advice}`))
    assertRefused(named, 'BROKER_CONFIG_INVALID', /named\.properties has 3 settings/)
    const args = ['broker', '--memory', '--config-file', 'mended.properties']
    await using mended = new RunningCommand(args, { cwd: project.folder })
    await mended.prints(/listening on/)
    assert.equal(await mended.stop(), 0)
  })

  test('what cannot do what was asked is said when a broker starts', async () => {
    await using project = await Project.create({ 'users.properties': 'bob=secret\n' })
    await chmod(project.path('users.properties'), 0o644)
    const args = ['--memory', '--durability', 'fsync', '--users-file', 'users.properties', '--super-user', 'bob']
    await using command = new RunningCommand(['broker', '--port', '0', ...args], { cwd: project.folder })
    await command.prints(/listening on/)
    assert.equal(await command.stop(), 0)
    assert.deepEqual(
      command.stderr.split('\n').map((line) => line.slice(0, 40)),
      [
        'warning users.properties has passwords and others',
        'warning --durability fsync does nothing for data',
        'warning no listener authenticates, so nobody',
        'warning no listener asks for the password',
        '',
      ].map((line) => line.slice(0, 40)),
    )
  })
})

describe('addresses that cannot be used', { concurrency: 2 }, () => {
  test('the port of the gateway is in use', async () => {
    await using project = await Project.create({ 'millrace.config.ts': emptyConfig })
    const outcome = await millrace(['run', '--brokers', broker.brokers, '--gateway-port', takenPort], {
      cwd: project.folder,
    })
    assertRefused(outcome, 'GATEWAY_PORT_IN_USE', new RegExp(`port ${takenPort}`))
  })

  test('the port of the broker is in use', async () => {
    assertRefused(
      await millrace(['broker', '--memory', '--port', takenPort]),
      'BROKER_PORT_IN_USE',
      new RegExp(takenPort),
    )
  })

  test('the broker is not opened to the network without being told so', async () => {
    const outcome = await millrace(['broker', '--memory', '--port', '0', '--host', '0.0.0.0'])
    assertRefused(outcome, 'BROKER_HOST_NOT_LOOPBACK', /0\.0\.0\.0/)
    assert.match(outcome.stderr, /--allow-remote/)
  })

  test('nobody listens: said soon, and what to start', async () => {
    const began = performance.now()
    const outcome = await millrace(['topics', 'list', '--brokers', '127.0.0.1:1,127.0.0.1:2'])
    // What a silent broker is waited for; the command's own start is part of it here.
    assert.ok(performance.now() - began < 8_000)
    assertRefused(outcome, 'BROKERS_UNREACHABLE', /nothing listens at 127\.0\.0\.1:1,127\.0\.0\.1:2/)
    assert.match(outcome.stderr, /remedy Start the broker/)
  })

  test('a listener that says nothing is waited for, which is said', async () => {
    const outcome = await millrace(['topics', 'list', '--brokers', `127.0.0.1:1,127.0.0.1:${takenPort}`])
    assertRefused(outcome, 'KAFKA_TIMEOUT', /^waiting for 127\.0\.0\.1:1,\S+ \.\.\.\nerror/)
  })

  test('brokers that are no addresses', async () => {
    await using project = await Project.create({ 'millrace.config.ts': emptyConfig })
    const secret = 'sasl://u:hunter2@h:1'
    for (const args of [['topics', 'list'], ['run']]) {
      const outcome = await millrace([...args, '--brokers', `nonsense,${secret}`], { cwd: project.folder })
      assertRefused(outcome, 'BROKERS_INVALID', /"nonsense" is not host:port/)
    }
    const masked = await millrace(['topics', 'list', '--brokers', secret])
    assertRefused(masked, 'BROKERS_INVALID', /is not host:port/)
    assert.doesNotMatch(masked.stderr, /hunter2/)
  })

  test('run ends when no broker answers, and says which one', async () => {
    await using project = await Project.create({
      'app.ts': `import { serdes, topic, topology } from 'millrace'
        export default () => {
          const app = topology('shop')
          app.stream(topic('order', { key: serdes.string, value: serdes.string })).groupByKey().count({ store: 'orders' })
          return app
        }`,
      'millrace.config.ts': `import { app } from 'millrace'\nexport default { gateway: { port: 0 }, apps: [app('./app.ts')] }`,
    })
    const outcome = await millrace(['run', '--brokers', '127.0.0.1:1'], { cwd: project.folder })
    assertRefused(outcome, 'BROKERS_UNREACHABLE', /127\.0\.0\.1:1/)
  })

  test('run waits for a broker that starts after it', async () => {
    await using project = await Project.create({ 'millrace.config.ts': emptyConfig })
    const before = await startBroker({ memory: true })
    const { port, brokers } = before
    await before.close()
    await using run = new RunningCommand(['run', '--brokers', brokers, '--gateway-port', '0'], { cwd: project.folder })
    await run.prints(/waiting for/)
    await using _broker = await startBroker({ memory: true, port })
    await run.prints(/gateway listening/)
    assert.equal(await run.stop(), 0)
  })

  const unusable: readonly (readonly string[])[] = [
    ['broker', '--port', '70000'],
    ['broker', '--prot', '1'],
    ['topics', 'list', '--bogus'],
    ['topics', 'create', 'x', '--partitions', '0'],
  ]
  for (const args of unusable) {
    test(`status 2 for ${args.join(' ')}`, async () => {
      const { status, stderr } = await millrace(args)
      assert.equal(status, 2)
      assert.match(stderr, /^error: .*\n(.*\n)?\(see --help\)\n$/)
    })
  }

  const unusableValues: readonly (readonly [readonly string[], RegExp])[] = [
    [['broker', '--port', '0', '--config', 'retention'], /name=value/],
    [['broker', '--port', '0', '--user', 'bob'], /name=value/],
    [['broker', '--port', '0', '--config-file', 'nope'], /nope cannot be read/],
    [['run', '--only', 'source'], /--only takes/],
  ]
  for (const [args, message] of unusableValues) {
    test(`status 2 and an error for ${args.join(' ')}`, async () => {
      await using project = await Project.create({ 'millrace.config.ts': emptyConfig })
      const options = { cwd: project.folder, environment: { MILLRACE_BROKERS: broker.brokers } }
      assertRefused(await millrace(args, options), 'USAGE', message)
    })
  }
})
