// Every kind of listener that docs/guides/secure-the-broker.md sets up, through the real command line.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type Broker, startBroker } from '@millrace/broker'
import { type Authority, authority } from '../../broker/test/support/certificates.ts'
import { type Issuer, issuer } from '../../broker/test/support/issuer.ts'
import { millrace, type Outcome, Project, RunningCommand, refusal } from './support/command-line.ts'

const application = `import { serdes, topic, topology } from 'millrace'
const order = topic('order', { key: serdes.string, value: serdes.json<{ amount: number }>() })
export default () => {
  const app = topology('totals')
  app.stream(order).groupByKey().count({ store: 'totals' })
  return app
}`

let ca: Authority
let tokens: Issuer
let project: Project
let broker: Broker
before(async () => {
  ;[ca, tokens, project] = await Promise.all([authority(), issuer(), Project.create()])
  const [server, alice] = await Promise.all([ca.server(), ca.client([['CN', 'alice']])])
  await project.write({
    'jwks.json': tokens.jwks,
    'ca.pem': ca.cert,
    'alice.pem': alice.key + alice.cert,
    'alice-key.pem': alice.key,
    'alice-cert.pem': alice.cert,
    token: `${await tokens.token()}\n`,
    password: 'first\n',
    'app.ts': application,
  })
  broker = await startBroker({
    memory: true,
    worker: false,
    users: { admin: 'first' },
    config: {
      listeners: 'SCRAM://127.0.0.1:0,TOKEN://127.0.0.1:0,CERT://127.0.0.1:0',
      'listener.security.protocol.map': 'SCRAM:SASL_SSL,TOKEN:SASL_SSL,CERT:SSL',
      'listener.name.scram.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'listener.name.token.sasl.enabled.mechanisms': 'OAUTHBEARER',
      'sasl.oauthbearer.jwks.endpoint.url': pathToFileURL(project.path('jwks.json')).href,
      'listener.name.cert.ssl.client.auth': 'required',
      'ssl.keystore.key': server.key,
      'ssl.keystore.certificate.chain': server.cert,
      'ssl.truststore.certificates': ca.cert,
    },
  })
})
after(async () => {
  await broker.close()
  await project[Symbol.asyncDispose]()
})

function addressOf(listener: string): string {
  return `127.0.0.1:${broker.endpoints.find((endpoint) => endpoint.listener === listener)?.port}`
}

function list(listener: string, ...flags: string[]): Promise<Outcome> {
  const args = ['topics', 'list', '--json', '--brokers', addressOf(listener), ...flags]
  return millrace(args, { cwd: project.folder, environment: { MILLRACE_KAFKA_PASSWORD: 'first' } })
}

const tls = ['--tls', '--ca', 'ca.pem']

test('a password, a certificate in one file and in two, and a token are let in', async () => {
  const outcomes = await Promise.all([
    list('SCRAM', ...tls, '--login', 'admin'),
    list('CERT', ...tls, '--cert', 'alice.pem'),
    list('CERT', ...tls, '--cert', 'alice-cert.pem', '--cert-key', 'alice-key.pem'),
    list('TOKEN', ...tls, '--mechanism', 'OAUTHBEARER', '--token-file', 'token'),
  ])
  for (const { status, stdout, stderr } of outcomes) {
    assert.equal(status, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), [])
  }
})

test('without what the listener asks for the remedy names the flag', async () => {
  const [noCertificate, noAuthority] = await Promise.all([list('CERT', ...tls), list('SCRAM', '--tls')])
  assert.equal(refusal(noCertificate, 'KAFKA_TLS_FAILED'), undefined)
  assert.match(noCertificate.stderr, /remedy .*`--cert`/)
  assert.equal(refusal(noAuthority, 'KAFKA_TLS_FAILED'), undefined)
  assert.match(noAuthority.stderr, /remedy .*`--ca`/)
})

test('flags that do not go together are refused', async () => {
  const wrong = [
    ['--cert', 'alice.pem'],
    ['--tls', '--cert-key', 'alice-key.pem'],
    ['--mechanism', 'OAUTHBEARER'],
    ['--token-file', 'token'],
    [...tls, '--cert', 'nowhere.pem'],
  ]
  const outcomes = await Promise.all(wrong.map((flags) => list('CERT', ...flags)))
  for (const [index, outcome] of outcomes.entries()) {
    assert.equal(refusal(outcome, 'USAGE'), undefined, wrong[index]?.join(' '))
  }
})

test('an environment variable stands for each flag', async () => {
  const environment = {
    MILLRACE_BROKERS: addressOf('SCRAM'),
    MILLRACE_KAFKA_TLS: 'true',
    MILLRACE_KAFKA_CA: 'ca.pem',
    MILLRACE_KAFKA_USER: 'admin',
    MILLRACE_KAFKA_PASSWORD_FILE: 'password',
    MILLRACE_KAFKA_MECHANISM: 'SCRAM-SHA-512',
  }
  const { status, stderr } = await millrace(['topics', 'list'], { cwd: project.folder, environment })
  assert.equal(status, 0, stderr)
  const wrong = { ...environment, MILLRACE_KAFKA_TLS: 'yes' }
  assert.equal(
    refusal(await millrace(['topics', 'list'], { cwd: project.folder, environment: wrong }), 'USAGE'),
    undefined,
  )
})

/** A configuration with an application; `kafka` is what it says of logging in. */
const configured = (kafka: object): string =>
  `import { app } from 'millrace'
export default { gateway: { port: 0 }, apps: [app('./app.ts')], kafka: ${JSON.stringify(kafka)} }`

test('run logs in as its environment says, or its configuration, whose paths begin at its folder', async () => {
  await project.write({
    'plain.config.ts': configured({}),
    'certificate.config.ts': configured({ tls: true, ca: 'ca.pem', cert: 'alice.pem' }),
  })
  const created = await millrace(
    ['topics', 'create', 'order', '--brokers', addressOf('CERT'), ...tls, '--cert', 'alice.pem'],
    { cwd: project.folder },
  )
  assert.equal(created.status, 0, created.stderr)
  {
    const environment = { MILLRACE_KAFKA_PASSWORD: 'first', MILLRACE_DATA_DIR: project.path('one') }
    const flags = ['--brokers', addressOf('SCRAM'), ...tls, '--login', 'admin']
    await using run = new RunningCommand(['run', 'plain.config.ts', ...flags], { cwd: project.folder, environment })
    await run.prints(/totals: running/)
    assert.equal(await run.stop(), 0)
  }
  const environment = { MILLRACE_BROKERS: addressOf('CERT'), MILLRACE_DATA_DIR: project.path('two') }
  await using run = new RunningCommand(['run', project.path('certificate.config.ts')], { environment })
  await run.prints(/totals: running/)
  assert.equal(await run.stop(), 0)
})

test('an application logs in from workers, with a password and with a token', async () => {
  const application = "app('./app.ts', { workers: true })"
  await project.write({ 'workers.config.ts': configured({}).replace("app('./app.ts')", application) })
  const logins = [
    ['SCRAM', '--login', 'admin'],
    ['TOKEN', '--mechanism', 'OAUTHBEARER', '--token-file', 'token'],
  ] as const
  for (const [listener, ...login] of logins) {
    const environment = { MILLRACE_KAFKA_PASSWORD: 'first', MILLRACE_DATA_DIR: project.path(`workers-${listener}`) }
    const flags = ['--brokers', addressOf(listener), ...tls, ...login]
    await using run = new RunningCommand(['run', 'workers.config.ts', ...flags], { cwd: project.folder, environment })
    await run.prints(/totals: running/)
    assert.equal(await run.stop(), 0)
  }
})

test('doctor logs in too, and says what is missing where it cannot', async () => {
  await project.write({
    'right.config.ts': configured({ tls: true, ca: 'ca.pem', login: 'admin', passwordFile: 'password' }),
    'none.config.ts': configured({ tls: true, ca: 'ca.pem' }),
    'half.config.ts': configured({ cert: 'alice.pem' }),
    'open.config.ts': configured({ login: 'admin', password: 'first' }),
  })
  const doctor = (name: string): Promise<Outcome> =>
    millrace(['doctor', `${name}.config.ts`, '--brokers', addressOf('SCRAM')], { cwd: project.folder })
  const [right, none, half, open] = await Promise.all(['right', 'none', 'half', 'open'].map(doctor))
  assert.equal(right?.status, 0, right?.stdout)
  assert.equal(none?.status, 1)
  assert.match(none?.stdout ?? '', /FAIL brokers: .*may want a login \(SASL\)/)
  assert.match(half?.stdout ?? '', /FAIL brokers: certificates are for listeners with TLS.*\[CONFIG_INVALID\]/)
  assert.equal(refusal(open as Outcome, 'CONFIG_UNKNOWN_OPTION'), undefined)
})

test('dev asks nothing of the broker that it brings, and logs in to another', async () => {
  await project.write({
    'dev.config.ts': configured({ tls: true, ca: 'ca.pem', login: 'admin', passwordFile: 'password' }),
  })
  for (const args of [
    ['--port', '0'],
    ['--brokers', addressOf('SCRAM'), '--tls'],
  ]) {
    const environment = { MILLRACE_DATA_DIR: project.path(args[0] as string) }
    const command = ['dev', 'dev.config.ts', '--no-watch', ...args]
    await using dev = new RunningCommand(command, { cwd: project.folder, environment })
    const brokers = await dev.prints(/broker\s+(\S+:\d+)/)
    if (args[0] === '--port') await millrace(['topics', 'create', 'order', '--brokers', brokers])
    await dev.prints(/totals: running/)
    assert.equal(await dev.stop(), 0)
  }
})

test('config --show tells where passwords are, and never a password', async () => {
  const environment = { MILLRACE_KAFKA_PASSWORD: 'hidden', MILLRACE_KAFKA_PASSWORD_FILE: 'password' }
  await project.write({ 'shown.config.ts': configured({}) })
  const { stdout } = await millrace(['config', 'shown.config.ts', '--show'], { cwd: project.folder, environment })
  assert.match(stdout, /^passwordFile +password +environment$/m)
  assert.match(stdout, /^password +\*+ +environment$/m)
})
