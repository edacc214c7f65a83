// Connectors as they are brought along from Kafka Connect, and the commands for them, through the real command line.
import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { millrace, Project, RunningCommand, refusal } from './support/command-line.ts'

let broker: Broker
before(async () => {
  broker = await startBroker({ memory: true })
})
after(() => broker.close())

const worker = (topics: string): string => `
bootstrap.servers=${broker.brokers}
${topics}
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
value.converter.schemas.enable=true
offset.flush.interval.ms=10000
plugin.path=/usr/share/java
listeners=http://127.0.0.1:0
`
const source = (folder: string, topic = 'lines'): string => `
name=lines
connector.class=FileStreamSource
tasks.max=1
file=${folder}/lines.txt
topic=${topic}
transforms=Route
transforms.Route.type=org.apache.kafka.connect.transforms.RegexRouter
transforms.Route.regex=(.*)
transforms.Route.replacement=$1-routed
`

const database =
  'database.hostname=127.0.0.1\ndatabase.port=1\ndatabase.user=u\ndatabase.password=s3cret\ndatabase.dbname=d\n'
const capture = `name=orders\nconnector.class=io.debezium.connector.postgresql.PostgresConnector\ntopic.prefix=orders\n`

async function consumed(topic: string): Promise<string[]> {
  const { stdout } = await millrace([
    'consume',
    topic,
    '--from-beginning',
    '--exit-at-end',
    '--json',
    '--brokers',
    broker.brokers,
  ])
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line).value))
}

async function linesOf(topic: string, count: number): Promise<unknown[]> {
  for (let i = 0; i < 40; i++) {
    const found = await consumed(topic)
    if (found.length >= count) return found
  }
  throw new Error(`no ${count} records in ${topic}`)
}

test('run takes the properties of a Kafka Connect worker and its connectors', async () => {
  await using project = await Project.create({ 'lines.txt': 'one\n', 'worker.properties': worker('') })
  await project.write({ 'lines.properties': source(project.folder) })
  await using running = new RunningCommand(['run', 'worker.properties', 'lines.properties'], { cwd: project.folder })
  await running.prints(/offset\.flush\.interval\.ms of .* has no effect: positions are committed with the records/)
  await running.prints(/plugin\.path of .* has no effect/)
  await running.prints(/lines: running/)
  const [first] = await linesOf('lines-routed', 1)
  assert.deepEqual(typeof first === 'string' ? JSON.parse(first) : first, {
    schema: { type: 'string', optional: false },
    payload: 'one',
  })
})

test('a config or worker property that is unknown ends it with the name', async () => {
  await using project = await Project.create({ 'lines.txt': '', 'worker.properties': worker('group.idd=x') })
  const typo = await millrace(['run', 'worker.properties'], { cwd: project.folder })
  assert.equal(refusal(typo, 'CONFIG_INVALID'), undefined)
  assert.match(typo.stderr, /group\.idd/)
  await project.write({
    'worker.properties': worker(''),
    'lines.properties': `${source(project.folder)}\ntasks.mx=2\n`,
  })
  const unknown = await millrace(['run', 'worker.properties', 'lines.properties'], { cwd: project.folder })
  assert.equal(refusal(unknown, 'CONNECTOR_INVALID'), undefined)
  assert.match(unknown.stderr, /tasks\.mx \(did you mean tasks\.max\?\)/)
})

test('the connect commands manage connectors that outlive the process', async () => {
  await using project = await Project.create({ 'lines.txt': 'one\n', 'worker.properties': worker('group.id=cli') })
  await project.write({ 'lines.properties': source(project.folder, 'managed') })
  let url = ''
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any shape, which the test compares
  const json = async (...args: string[]): Promise<any> => {
    const { status, stdout, stderr } = await millrace(['connect', ...args, '--url', url, '--json'], {
      cwd: project.folder,
    })
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout)
  }
  {
    await using running = new RunningCommand(['run', 'worker.properties'], { cwd: project.folder })
    url = await running.prints(/gateway listening on (\S+)/)
    assert.deepEqual(await json('validate', 'lines.properties'), { name: 'lines', errors: {} })
    assert.equal((await json('apply', 'lines.properties')).name, 'lines')
    await running.prints(/lines: running/)
    assert.ok(
      (await json('plugins')).some((plugin: { class: string }) => plugin.class.endsWith('FileStreamSourceConnector')),
    )
    await linesOf('managed-routed', 1)
    assert.equal((await json('stop', 'lines')).connector.state, 'STOPPED')
  }
  await appendFile(project.path('lines.txt'), 'two\n')
  await using running = new RunningCommand(['run', 'worker.properties'], { cwd: project.folder })
  url = await running.prints(/gateway listening on (\S+)/)
  const [status] = await json('status')
  assert.deepEqual([status.name, status.type, status.state], ['lines', 'source', 'stopped'])
  const shown = await json('offsets', 'lines')
  assert.deepEqual(shown.offsets[0].offset, { version: 1, position: 4 })
  const preview = await millrace(['connect', 'offsets', 'lines', '--reset', '--url', url])
  assert.equal(refusal(preview, 'CONFIRMATION_NEEDED'), undefined)
  assert.equal((await json('resume', 'lines')).connector.state, 'RUNNING')
  assert.equal((await linesOf('managed-routed', 2)).length, 2)
  assert.equal((await json('restart', 'lines')).name, 'lines')
  await project.write({ 'orders.properties': `${capture}${database}` })
  await json('apply', 'orders.properties')
  const table = (await millrace(['connect', 'list', '--url', url])).stdout
  assert.match(table, /^lines +source +running/m)
  const config = (await millrace(['connect', 'show', 'orders', '--url', url])).stdout
  assert.match(config, /database\.password +\*{8}$/m)
  const deletion = await millrace(['connect', 'delete', 'orders', '--url', url])
  assert.match(deletion.stderr, /select pg_drop_replication_slot\('debezium'\)/)
  assert.ok(!(config + deletion.stderr).includes('s3cret'))
  assert.deepEqual(await json('delete', 'orders', '--yes'), { name: 'orders', deleted: true, slot: 'debezium' })
  assert.equal(refusal(await millrace(['connect', 'delete', 'lines', '--url', url]), 'CONFIRMATION_NEEDED'), undefined)
  assert.deepEqual(await json('delete', 'lines', '--yes'), { name: 'lines', deleted: true })
  assert.deepEqual(await json('status'), [])
  assert.equal(
    refusal(await millrace(['connect', 'show', 'lines', '--url', url]), 'CONNECT_CONNECTOR_UNKNOWN'),
    undefined,
  )
})

test('doctor looks at connectors of property files', async () => {
  await using project = await Project.create({ 'worker.properties': worker('') })
  await project.write({
    'orders.properties': `${capture}${database}`,
    'typo.properties': `${capture}${database}snapshot.mod=initial\n`,
    'copy.properties': 'name=copy\nconnector.class=FileStreamSink\ntopics=not.there\nfile=/tmp/none\n',
  })
  const files = ['worker.properties', 'orders.properties', 'typo.properties', 'copy.properties']
  const { status, stdout } = await millrace(['doctor', ...files], { cwd: project.folder })
  assert.equal(status, 1)
  assert.match(stdout, /FAIL topic not\.there: is not there, and sink copy waits for it/)
  assert.match(stdout, /source orders.*POSTGRES_UNAVAILABLE/)
  assert.match(stdout, /connector orders.*snapshot\.mod.*CONNECTOR_INVALID/)
})

test('a source in code shows where it stands', async () => {
  const config = `
import { setTimeout as delay } from 'node:timers/promises'
let at = 0
const ticks = {
  kind: 'source', name: 'ticks', topics: [{ name: 'ticks' }],
  open: async ({ signal }) => ({
    pull: async (output, maxWaitMs) => {
      if (at === 2) return void (await delay(maxWaitMs, undefined, { signal }).catch(() => {}))
      output.record({ topic: 'ticks', partition: undefined, timestampMs: 1, key: { schema: undefined, value: ++at },
        value: { schema: undefined, value: at }, headers: [] })
      return { position: { version: 1, at }, transaction: 'commit' }
    },
    commit: async () => {}, close: async () => {},
    figures: () => ({ lagBytes: 5, lastEventMs: undefined }),
  }),
}
export default { brokers: '${broker.brokers}', gateway: { port: 0 }, sources: [ticks] }`
  await using project = await Project.create({ 'millrace.config.ts': config })
  await using running = new RunningCommand(['run'], { cwd: project.folder })
  const url = await running.prints(/gateway listening on (\S+)/)
  await linesOf('ticks', 2)
  const shown = await millrace(['connect', 'show', 'ticks', '--url', url])
  assert.match(
    shown.stdout,
    /offsets \[\{"partition":\{"source":"ticks"\},"offset":\{"version":1,"at":2\}\}\]/,
    shown.stderr,
  )
  assert.match((await millrace(['connect', 'status', '--url', url])).stdout, /ticks +source +running +2 +5 bytes/)
})

test('the remedy of a source that fails names it', async () => {
  const config = `
import { MillraceError } from 'millrace'
const lost = { kind: 'source', name: 'lost', topics: [], open: async () => {
  throw new MillraceError('SLOT_LOST', 'gone', { retriable: false, remedy: 'Run "millrace connect forget <name>".' })
} }
export default { brokers: '${broker.brokers}', gateway: { port: 0 }, sources: [lost] }`
  await using project = await Project.create({ 'millrace.config.ts': config })
  const { status, stderr } = await millrace(['run'], { cwd: project.folder })
  assert.equal(status, 1)
  assert.match(stderr, /remedy.* Run "millrace connect forget lost"/)
})
