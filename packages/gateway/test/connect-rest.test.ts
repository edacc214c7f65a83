import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { builtInPlugins, ConnectWorker } from '@millrace/connect/internal'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { type Gateway, type GatewayContent, startGateway } from '../src/index.ts'

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any shape, which the tests compare
  readonly body: any
  readonly headers: Headers
}

describe("Kafka Connect's REST API", () => {
  let broker: Broker
  let client: KafkaClient
  let worker: ConnectWorker
  let gateway: Gateway
  let folder: string
  const lines = 'org.apache.kafka.connect.file.FileStreamSourceConnector'
  const declared = { name: 'spend-to-db', type: 'sink', state: 'retrying' } as const
  const secret = 'un/likely words'
  const error = { code: 'POSTGRES_UNAVAILABLE', message: 'no answer', remedy: 'wait' }

  before(async () => {
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
    folder = await mkdtemp(join(tmpdir(), 'connect-rest-'))
    await writeFile(join(folder, 'a.txt'), 'one\ntwo\n')
    process.env.MILLRACE_TEST_SECRET = secret
    const defaults = { 'config.providers': 'env', 'config.providers.env.class': 'EnvVarConfigProvider' }
    worker = await ConnectWorker.start({ client, plugins: builtInPlugins, groupId: 'rest', defaults })
    gateway = await startGateway(content(), { port: 0 })
  })

  after(async () => {
    await gateway?.close()
    await worker?.close()
    await client?.close()
    await broker?.close()
    await rm(folder, { recursive: true, force: true })
    delete process.env.MILLRACE_TEST_SECRET
  })

  function content(): GatewayContent {
    const connectors = () => [{ ...declared, details: { attempts: 3, error } }]
    return {
      state: [],
      metrics: [],
      health: [],
      connectors,
      offsetsOf: async (name) => [{ partition: { name }, offset: { at: 7 } }],
      connect: () => worker,
    }
  }

  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(gateway.url + path, {
      method,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text), headers: response.headers }
  }

  const config = (topic: string) => ({ 'connector.class': 'FileStreamSource', file: join(folder, 'a.txt'), topic })

  async function state(name: string, wanted: string): Promise<Answer['body']> {
    for (let i = 0; i < 200; i++) {
      const { body } = await call('GET', `/connectors/${name}/status`)
      if (body.tasks[0]?.state === wanted || (body.tasks.length === 0 && body.connector.state === wanted)) return body
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error(`${name} never was ${wanted}`)
  }

  test('says who it is', async () => {
    const root = (await call('GET', '/')).body
    assert.deepEqual(Object.keys(root), ['version', 'commit', 'kafka_cluster_id'])
    assert.equal(root.kafka_cluster_id, (await client.admin.describeCluster()).clusterId)
    assert.equal((await call('GET', '/health')).body.status, 'healthy')
  })

  test('creates, shows, changes, patches and deletes a connector', async () => {
    const created = await call('POST', '/connectors', { name: 'crud', config: { ...config('crud'), 'batch.size': 10 } })
    assert.equal(created.status, 201)
    assert.equal(created.headers.get('location'), '/connectors/crud')
    assert.deepEqual(created.body, {
      name: 'crud',
      config: { ...config('crud'), 'batch.size': '10', name: 'crud' },
      tasks: [{ connector: 'crud', task: 0 }],
      type: 'source',
    })
    await state('crud', 'RUNNING')
    assert.deepEqual((await call('GET', '/connectors')).body, ['spend-to-db', 'crud'])
    assert.deepEqual((await call('GET', '/connectors/crud')).body, created.body)
    assert.deepEqual((await call('GET', '/connectors/crud/config')).body, created.body.config)
    assert.deepEqual((await call('GET', '/connectors/crud/tasks')).body, [
      { id: { connector: 'crud', task: 0 }, config: created.body.config },
    ])
    assert.equal((await call('GET', '/connectors/crud/tasks/0/status')).body.state, 'RUNNING')
    assert.equal((await call('GET', '/connectors/crud/tasks/7/status')).status, 404)
    const patched = await call('PATCH', '/connectors/crud/config', { 'batch.size': null, 'tasks.max': 2 })
    assert.deepEqual(
      [patched.status, patched.body.config],
      [200, { ...config('crud'), 'tasks.max': '2', name: 'crud' }],
    )
    assert.equal((await call('PUT', '/connectors/crud/config', config('crud'))).status, 200)
    assert.equal((await call('PUT', '/connectors/other/config', config('crud'))).status, 201)
    assert.equal((await call('DELETE', '/connectors/other')).status, 204)
    assert.equal((await call('DELETE', '/connectors/crud')).status, 204)
    const gone = await call('GET', '/connectors/crud')
    assert.deepEqual([gone.status, gone.body.error_code, gone.body.message], [404, 404, 'Connector crud not found'])
  })

  test('stops, pauses, resumes, restarts, and alters offsets while stopped', async () => {
    const initial = { name: 'states', config: config('states'), initial_state: 'STOPPED' }
    assert.equal((await call('POST', '/connectors', initial)).status, 201)
    assert.deepEqual((await state('states', 'STOPPED')).tasks, [])
    assert.equal((await call('PUT', '/connectors/states/resume')).status, 202)
    await state('states', 'RUNNING')
    assert.equal((await call('PUT', '/connectors/states/pause', '')).status, 202)
    await state('states', 'PAUSED')
    assert.equal((await call('PUT', '/connectors/states/resume', '')).status, 202)
    assert.equal((await call('POST', '/connectors/states/restart', '')).status, 204)
    const restarted = await call('POST', '/connectors/states/restart?includeTasks=true&onlyFailed=false')
    const { connector, tasks } = restarted.body
    assert.deepEqual([restarted.status, connector.state, tasks[0].state], [202, 'RESTARTING', 'RESTARTING'])
    await state('states', 'RUNNING')
    const unfailed = await call('POST', '/connectors/states/restart?includeTasks=true&onlyFailed=true')
    assert.deepEqual([unfailed.status, unfailed.body.connector.state], [202, 'RUNNING'])
    assert.equal((await call('POST', '/connectors/states/tasks/0/restart')).status, 204)
    await state('states', 'RUNNING')
    const partition = { filename: join(folder, 'a.txt') }
    let offsets: Answer['body'] = { offsets: [] }
    for (let i = 0; i < 100 && offsets.offsets.length === 0; i++)
      offsets = (await call('GET', '/connectors/states/offsets')).body
    assert.deepEqual(offsets, { offsets: [{ partition, offset: { version: 1, position: 8 } }] })
    assert.equal((await call('DELETE', '/connectors/states/offsets')).status, 400)
    assert.equal((await call('PUT', '/connectors/states/stop')).status, 204)
    const altered = await call('PATCH', '/connectors/states/offsets', {
      offsets: [{ partition, offset: { position: 4 } }],
    })
    assert.deepEqual(altered.body, { message: 'The offsets for this connector have been altered successfully' })
    assert.deepEqual((await call('GET', '/connectors/states/offsets')).body.offsets[0].offset, { position: 4 })
    assert.equal((await call('DELETE', '/connectors/states/offsets')).status, 200)
    assert.deepEqual((await call('GET', '/connectors/states/offsets')).body, { offsets: [] })
    await call('DELETE', '/connectors/states')
  })

  test('active topics are shown and reset', async () => {
    await call('PUT', '/connectors/topics/config', config('active'))
    let active: string[] = []
    for (let i = 0; i < 100 && active.length === 0; i++)
      active = (await call('GET', '/connectors/topics/topics')).body.topics.topics
    assert.deepEqual(active, ['active'])
    // It runs and has nothing to do; the worker looks twice a second.
    assert.equal((await call('PUT', '/connectors/topics/topics/reset')).status, 202)
    await new Promise((resolve) => setTimeout(resolve, 700))
    assert.deepEqual((await call('GET', '/connectors/topics/topics')).body, { topics: { topics: [] } })
    await appendFile(join(folder, 'a.txt'), 'three\n')
    for (active = []; active.length === 0; )
      active = (await call('GET', '/connectors/topics/topics')).body.topics.topics
    assert.deepEqual(active, ['active'])
    await call('DELETE', '/connectors/topics')
  })

  test('plugins, their configs, and what is wrong with one', async () => {
    const plugins: { class: string; type: string; version: string }[] = (await call('GET', '/connector-plugins')).body
    assert.equal(plugins.find((plugin) => plugin.class === lines)?.type, 'source')
    const all: { type: string }[] = (await call('GET', '/connector-plugins?connectorsOnly=false')).body
    assert.ok(all.some(({ type }) => type === 'converter'))
    const definitions: { name: string; required: boolean }[] = (await call('GET', `/connector-plugins/${lines}/config`))
      .body
    assert.equal(definitions.find(({ name }) => name === 'file')?.required, true)
    assert.equal(definitions.find(({ name }) => name === 'errors.tolerance')?.required, false)
    const path = '/connector-plugins/FileStreamSource/config/validate'
    const { body } = await call('PUT', path, { ...config('t'), name: 'v', 'batch.size': '0', 'bacth.size': '1' })
    assert.deepEqual([body.name, body.error_count], [lines, 2])
    const value = (name: string) =>
      body.configs.find((entry: { readonly value: { readonly name: string } }) => entry.value.name === name).value
    assert.deepEqual(value('batch.size').errors, [
      'Invalid value 0 for configuration batch.size: Value must be at least 1',
    ])
    assert.match(value('bacth.size').errors[0], /did you mean batch\.size/)
    assert.equal((await call('PUT', '/connector-plugins/Nope/config/validate', {})).status, 404)
  })

  test('refuses with the errors of Kafka Connect', async () => {
    const invalid = await call('POST', '/connectors', { name: 'bad', config: { ...config('t'), file: '' } })
    assert.deepEqual([invalid.status, invalid.body.error_code], [400, 400])
    assert.match(invalid.body.message, /^Connector configuration is invalid and contains the following 1 error\(s\):/)
    await call('PUT', '/connectors/twice/config', config('twice'))
    assert.equal((await call('POST', '/connectors', { name: 'twice', config: config('twice') })).status, 409)
    await call('DELETE', '/connectors/twice')
    for (const body of ['{', '[]', '{"name": 5}', '{"name": "x", "config": {"a": {}}}', 'null']) {
      const { status, body: answer } = await call('POST', '/connectors', body)
      assert.deepEqual([status, answer.error_code], [400, 400], body)
    }
    assert.equal((await call('PUT', '/connectors/nobody/pause')).status, 404)
    assert.equal((await call('PUT', '/connectors/x/config', { name: 'y' })).status, 400)
  })

  test('names that every object has are names like any other', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', '__defineGetter__']) {
      assert.deepEqual(Object.values((await call('GET', `/connectors?expand=${name}`)).body)[0], {})
      assert.equal((await call('GET', `/admin/loggers/${name}`)).status, 404)
      assert.equal((await call('GET', `/connector-plugins/${name}/config`)).status, 404)
    }
  })

  test('two that create a connector at the same time: one is told of the conflict', async () => {
    const body = { name: 'twice', config: config('twice') }
    const answers = await Promise.all([call('POST', '/connectors', body), call('POST', '/connectors', body)])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409])
    assert.equal((await call('DELETE', '/connectors/twice')).status, 204)
  })

  test('an error that tells what it is about does not tell secrets', async () => {
    const reference = `\${env:MILLRACE_TEST_SECRET}`
    const given = {
      'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
      'database.hostname': 'db',
      'database.user': 'app',
      'database.dbname': 'shop',
      'database.password': reference,
      'topic.prefix': 'secretive',
      'message.key.columns': reference,
    }
    const initial = { name: 'secretive', config: given, initial_state: 'STOPPED' }
    const refused = await call('POST', '/connectors', initial)
    assert.equal(refused.status, 400)
    assert.match(refused.body.message, /message\.key\.columns: "\[hidden\]" is not/)
    const judged = await call('PUT', '/connector-plugins/PostgresConnector/config/validate', { name: 'x', ...given })
    assert.match(JSON.stringify(judged.body), /"\[hidden\]\\" is not/)
    assert.ok(!JSON.stringify(judged.body).includes(secret))
    // What is right when it is created may be wrong when it is started.
    process.env.MILLRACE_TEST_SECRET = 'orders:id'
    assert.equal((await call('POST', '/connectors', initial)).status, 201)
    process.env.MILLRACE_TEST_SECRET = secret
    const shown = await call('GET', '/connectors/secretive')
    assert.equal(shown.body.config['database.password'], reference)
    const altered = await call('PATCH', '/connectors/secretive/offsets', {
      offsets: [{ partition: { server: 'secretive' }, offset: { lsn: 1 } }],
    })
    assert.deepEqual(
      [altered.status, altered.body.message],
      [400, 'message.key.columns: "[hidden]" is not of the form table:column,column'],
    )
    await call('PUT', '/connectors/secretive/resume')
    const failed = await state('secretive', 'FAILED')
    assert.match(failed.connector.trace, /\[hidden\]/)
    for (const path of ['', '/status', '/config']) {
      const answer = JSON.stringify((await call('GET', `/connectors/secretive${path}`)).body)
      assert.ok(!answer.includes(secret) && !answer.includes(encodeURIComponent(secret)), path)
    }
    await call('DELETE', '/connectors/secretive')
  })

  test('connectors that are declared in code are shown beside the others, and cannot be changed', async () => {
    const expanded = (await call('GET', '/connectors?expand=status&expand=info&expand=details&expand=none')).body
    assert.deepEqual(Object.keys(expanded['spend-to-db']), ['status', 'info', 'details'])
    assert.equal(expanded['spend-to-db'].status.tasks[0].state, 'RUNNING')
    assert.match(expanded['spend-to-db'].status.tasks[0].trace, /^POSTGRES_UNAVAILABLE: no answer/)
    assert.equal(expanded['spend-to-db'].details.details.attempts, 3)
    const offsets = (await call('GET', '/connectors/spend-to-db/offsets')).body
    assert.deepEqual(offsets, { offsets: [{ partition: { name: 'spend-to-db' }, offset: { at: 7 } }] })
    for (const [method, path] of [
      ['PUT', '/pause'],
      ['DELETE', ''],
      ['POST', '/restart'],
    ] as const) {
      assert.equal((await call(method, `/connectors/spend-to-db${path}`)).status, 403)
    }
    assert.equal((await call('PUT', '/connectors/spend-to-db/config', config('t'))).status, 403)
  })

  test('loggers have levels', async () => {
    assert.equal((await call('GET', '/admin/loggers')).body.root.level, 'INFO')
    assert.deepEqual((await call('PUT', '/admin/loggers/millrace.connect', { level: 'debug' })).body, [
      'millrace.connect',
    ])
    assert.equal((await call('GET', '/admin/loggers/millrace.connect')).body.level, 'DEBUG')
    assert.equal((await call('PUT', '/admin/loggers/root?scope=cluster', { level: 'WARN' })).status, 204)
    assert.equal((await call('PUT', '/admin/loggers/root', { level: 'LOUD' })).status, 404)
  })

  test('pages of other origins, and who has no token beyond loopback, change nothing', async () => {
    const foreign = await call('POST', '/connectors/x/restart', undefined, { origin: 'https://elsewhere.example' })
    assert.deepEqual([foreign.status, foreign.body.code], [403, 'GATEWAY_READ_ONLY'])
    // A page whose name leads to this machine: its origin is the host that it asks.
    const rebound = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: 'evil.example', origin: 'http://evil.example' }
      request(`${gateway.url}/connectors/x/restart`, { method: 'POST', headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end()
    })
    assert.equal(rebound, 403)
    await using open = await startGateway(content(), { host: '0.0.0.0', port: 0, allowAnonymous: true })
    const url = open.url.replace('0.0.0.0', '127.0.0.1')
    assert.equal((await fetch(`${url}/connectors`)).status, 200)
    assert.equal((await fetch(`${url}/connectors/x/restart`, { method: 'POST' })).status, 403)
    await using asking = await startGateway(content(), { port: 0, token: 'secret' })
    assert.equal((await fetch(`${asking.url}/connectors`)).status, 401)
    // Consoles know user names and passwords only.
    const authorization = `Basic ${Buffer.from('console:secret').toString('base64')}`
    assert.equal((await fetch(`${asking.url}/connectors`, { headers: { authorization } })).status, 200)
    const wrong = `Basic ${Buffer.from('secret:wrong').toString('base64')}`
    assert.equal((await fetch(`${asking.url}/connectors`, { headers: { authorization: wrong } })).status, 401)
  })
})
