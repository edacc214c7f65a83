// What an application waits for before it can start is created, or told to people.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import { eventually, millrace, Project, RunningCommand } from './support/command-line.ts'

const files = {
  'app.ts': `import { serdes, topic, topology } from 'millrace'
const text = { key: serdes.string, value: serdes.string }
const customer = topic('customer', { ...text, partitions: 3, config: { 'cleanup.policy': 'compact' } })
const order = topic('order', { ...text, partitions: 3 })
export default () => {
  const app = topology('enrich')
  app.stream(order).join(app.table(customer), (o, c) => o + c).to(topic('enriched', { ...text, partitions: 2 }))
  return app
}`,
  'millrace.config.ts': `import { app } from 'millrace'\nexport default { gateway: { port: 0 }, apps: [app('./app.ts')] }`,
}

test('dev creates the topics that applications read and write, as their contracts say', async () => {
  await using project = await Project.create(files)
  await using dev = new RunningCommand(['dev', '--port', '0'], { cwd: project.folder })
  const brokers = await dev.prints(/broker\s+(\S+:\d+)/)
  await dev.prints(/created topics order, customer/)
  await dev.prints(/enrich: running/)
  await using client = kafkaClient({ brokers })
  const found = await client.admin.describeTopics(['customer', 'order', 'enriched'])
  assert.deepEqual(
    found.map(({ name, partitions }) => [name, partitions.length]),
    [
      ['customer', 3],
      ['order', 3],
      ['enriched', 2],
    ],
  )
  const [policy] = await client.admin.describeConfigs({ topic: 'customer' }, ['cleanup.policy'])
  assert.equal(policy?.value, 'compact')
  assert.equal(await dev.stop('SIGINT'), 0)
})

test('run says which topics it waits for, and so do its health and the doctor', async () => {
  await using broker = await startBroker({ memory: true, worker: false })
  await using project = await Project.create(files)
  const brokers = ['--brokers', broker.brokers]
  const checked = await millrace(['doctor', ...brokers], { cwd: project.folder })
  assert.equal(checked.status, 1)
  assert.match(
    checked.stdout,
    /FAIL topic customer: is not there.*app\.ts.*\[STREAMS_SOURCE_TOPIC_MISSING\]\n.*topics create customer --partitions 3 --config cleanup\.policy=compact/,
  )
  assert.match(checked.stdout, /FAIL topic order/)
  assert.match(checked.stdout, /ok {3}topic enriched: .*will be created/)

  await using run = new RunningCommand(['run', ...brokers], { cwd: project.folder })
  const gateway = await run.prints(/gateway listening on (\S+)/)
  await run.prints(/enrich: waiting for topics order, customer;/, 3_000)
  const ready = (await (await fetch(`${gateway}/readyz`)).json()) as { waiting: { waitingFor: string }[] }
  assert.match(ready.waiting[0]?.waitingFor ?? '', /topics order, customer/)

  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: 'order', partitions: 3 }])
  await run.prints(/enrich: waiting for topic customer;/, 3_000)
  await client.admin.createTopics([{ name: 'customer', partitions: 3 }])
  await run.prints(/enrich: running/)
  const isReady = await eventually(
    async () => (await fetch(`${gateway}/readyz`)).status,
    (status) => status === 200,
  )
  assert.equal(isReady, 200)
  const good = await millrace(['doctor', ...brokers], { cwd: project.folder })
  assert.equal(good.status, 0, good.stdout)
  assert.equal(await run.stop(), 0)
})

test('the doctor says which application does not load', async () => {
  await using project = await Project.create({ ...files, 'app.ts': 'export const nothing = 1' })
  const { status, stdout } = await millrace(['doctor'], { cwd: project.folder })
  assert.equal(status, 1)
  assert.match(stdout, /FAIL app \.\/app\.ts: .*\[APP_INVALID\]/)
})

test('dev says that it waits for a schema registry', async () => {
  await using project = await Project.create({
    ...files,
    'app.ts': `import { serdes, topic, topology } from 'millrace'
import { schemaRegistry } from '@millrace/registry'
import { avro } from '@millrace/registry/avro'
const registry = schemaRegistry({ urls: 'http://127.0.0.1:1' })
const spend = topic('spend', { key: serdes.string, value: avro(registry, { type: 'record', name: 'Spend', fields: [{ name: 'cents', type: 'long' }] }) })
export default () => {
  const app = topology('enrich')
  app.stream(topic('order', { key: serdes.string, value: serdes.string })).mapValues(() => ({ cents: 1n })).to(spend as never)
  return app
}`,
  })
  await using dev = new RunningCommand(['dev', '--port', '0'], { cwd: project.folder })
  await dev.prints(/enrich: waiting: the schema registry does not answer.*\[REGISTRY_UNREACHABLE\]; Start the registry/)
  assert.equal(await dev.stop('SIGINT'), 0)
})
