// Two instances of one application as real processes: whichever is asked answers for all of the state, or says when to ask again.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { eventually, Project, RunningCommand } from './support/command-line.ts'
import { parsePrometheus } from './support/prometheus.ts'

const customers = 40
const orders = 2_000
const minuteMs = 60_000
const startMs = 1_700_000_000_000 - (1_700_000_000_000 % minuteMs)

let broker: Broker
let client: KafkaClient
let project: Project
const running: RunningCommand[] = []
before(async () => {
  broker = await startBroker({ memory: true })
  client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: 'order', partitions: 4, config: { 'retention.ms': '-1' } }])
  await using producer = client.producer({ lingerMs: 5 })
  const sent = Array.from({ length: orders }, (_, i) => {
    const value = Buffer.from(JSON.stringify({ customer: `c${i % customers}`, cents: i }))
    return producer.send({ topic: 'order', key: Buffer.from(`o${i}`), value, timestamp: startMs + i * 100 })
  })
  await Promise.all(sent)
  project = await Project.create({
    'app.ts': `import { serdes, topic, topology, tumbling } from 'millrace'
const order = topic('order', { key: serdes.string, value: serdes.json<{ customer: string; cents: number }>() })
export default () => {
  const app = topology('spend')
  const byCustomer = app.stream(order).groupBy((o): string => o.customer, { name: 'by-customer' })
  byCustomer.reduce((total: number, o) => total + o.cents, { initial: 0, store: 'totals' })
  byCustomer
    .window(tumbling({ sizeMs: ${minuteMs}, graceMs: 86_400_000 }))
    .reduce((total: number, o) => total + o.cents, { initial: 0, store: 'per-minute' })
  return app
}`,
    'millrace.config.ts': `import { app } from 'millrace'
const workers = process.env.APP_IN_WORKERS === 'true'
export default { gateway: { port: 0 }, apps: [app('./app.ts', { workers })] }`,
  })
})
after(async () => {
  for (const process of running) await process[Symbol.asyncDispose]()
  await client?.close()
  await broker?.close()
  await project?.[Symbol.asyncDispose]()
})

const expected = new Map<string, number>()
for (let i = 0; i < orders; i++) expected.set(`c${i % customers}`, (expected.get(`c${i % customers}`) ?? 0) + i)
const inOrder = [...expected].sort(([a], [b]) => (a < b ? -1 : 1))

async function start(instance: string, port = '0'): Promise<{ process: RunningCommand; url: string }> {
  const args = [
    'run',
    '--brokers',
    broker.brokers,
    '--instance-id',
    instance,
    '--data-dir',
    instance,
    '--gateway-port',
    port,
  ]
  // Of one instance the tasks run beside the gateway, of the other in a worker.
  const environment = { APP_IN_WORKERS: String(instance === 'two') }
  const process = new RunningCommand(args, { cwd: project.folder, environment })
  running.push(process)
  return { process, url: await process.prints(/gateway listening on (\S+)/) }
}

interface Answer {
  readonly status: number
  readonly retryAfter: string | null
  readonly body: {
    readonly value?: number
    readonly code?: string
    readonly next?: string
    readonly entries?: readonly { readonly key: string; readonly value: number }[]
    readonly partitions?: readonly { readonly host: string | null }[]
    readonly windows?: readonly { readonly key: string; readonly start: number; readonly value: number }[]
  }
}

async function ask(url: string): Promise<Answer> {
  const response = await fetch(url)
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: (await response.json()) as Answer['body'],
  }
}

const sum = (values: readonly { readonly value: number }[] | undefined): number =>
  (values ?? []).reduce((total, { value }) => total + value, 0)
const total = (orders * (orders - 1)) / 2

/** Every page of a range. Whatever is not 200 must be 503 with a time to ask again. */
async function wholeRange(url: string): Promise<(readonly [string, number])[] | undefined> {
  const found: (readonly [string, number])[] = []
  for (let from: string | undefined; ; ) {
    const { status, retryAfter, body } = await ask(
      `${url}/stores/totals?limit=7${from === undefined ? '' : `&from=${from}`}`,
    )
    if (status !== 200) {
      assert.deepEqual([status, body.code, retryAfter], [503, 'STATE_UNAVAILABLE', '1'])
      return undefined
    }
    found.push(...(body.entries ?? []).map(({ key, value }) => [key, value] as const))
    if (body.next === undefined) return found
    from = body.next
  }
}

test('either instance answers for everything, during a rebalance completely or not at all, and after a kill again', async () => {
  const one = await start('one')
  await eventually(
    () => ask(`${one.url}/stores/per-minute`),
    ({ body }) => sum(body.windows) === total,
  )
  assert.equal((await ask(`${one.url}/readyz`)).status, 200)

  // While the second joins, whoever is asked gives every customer exactly once or refuses.
  const joining = start('two')
  let joined = false
  joining.then(
    () => (joined = true),
    () => (joined = true),
  )
  let complete = 0
  while (!joined) {
    const range = await wholeRange(one.url)
    if (range === undefined) continue
    assert.deepEqual(range, inOrder)
    complete++
  }
  assert.ok(complete > 0)
  const two = await joining
  // Tasks move once their state is there: until then the second keeps copies only.
  await eventually(
    async () => ((await ask(`${one.url}/metadata/totals`)).body.partitions ?? []).map(({ host }) => host),
    (hosts) => new Set(hosts).size === 2,
  )
  for (const { url } of [one, two]) {
    assert.equal(
      (
        await eventually(
          () => ask(`${url}/readyz`),
          ({ status }) => status === 200,
        )
      ).status,
      200,
    )
    assert.deepEqual(
      await eventually(
        () => wholeRange(url),
        (range) => range !== undefined,
      ),
      inOrder,
    )
    for (const [key, value] of expected) assert.equal((await ask(`${url}/stores/totals/${key}`)).body.value, value)
    const windows = (await ask(`${url}/stores/per-minute`)).body.windows ?? []
    assert.equal(sum(windows), total)
    assert.equal(new Set(windows.map(({ key, start }) => `${key}@${start}`)).size, windows.length, 'no window twice')
    const ofOne = (await ask(`${url}/stores/per-minute/c7?from=${startMs}&to=${startMs + minuteMs}`)).body.windows ?? []
    assert.deepEqual(
      ofOne.map(({ start }) => start),
      [startMs, startMs + minuteMs],
    )
    const metrics = await fetch(`${url}/metrics`)
    assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    assert.ok(parsePrometheus(await metrics.text()).some(({ name }) => name.startsWith('millrace_streams_')))
  }

  // A key of the instance that is killed: 503 until it is back under its name, then the same value again.
  const metric = async (url: string): Promise<number> =>
    (await Promise.all([...expected.keys()].map((key) => ask(`${url}/stores/totals/${key}`)))).filter(
      ({ status }) => status === 503,
    ).length
  await two.process.stop('SIGKILL')
  const lost = await metric(one.url)
  assert.ok(lost > 0 && lost < customers, `${lost} of ${customers} keys were at the killed instance`)
  assert.equal(await wholeRange(one.url), undefined, 'a range without the lost partitions is refused')
  // Under its name it gets its tasks back; on another port, so that the first has to learn where it is now.
  await start('two')
  assert.deepEqual(
    await eventually(
      () => wholeRange(one.url),
      (range) => range !== undefined,
      30_000,
    ),
    inOrder,
  )
  assert.equal(await metric(one.url), 0)

  // An orderly end hands everything to the other.
  assert.equal(await running[2]?.stop('SIGTERM'), 0)
  assert.equal(await one.process.stop('SIGINT'), 0)
})
