// The desk for dead letters, through the real command line.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ConnectFailure, deadLetterHeaders } from '@millrace/base/internal'
import { type Broker, startBroker } from '@millrace/broker'
import { type AnyTopicContract, serdes } from '@millrace/contracts'
import { kafkaClient, scanTopic } from '@millrace/kafka'
import { millrace, Project, RunningCommand, refusal } from './support/command-line.ts'

let broker: Broker
before(async () => {
  broker = await startBroker({ memory: true, worker: false })
})
after(() => broker.close())

const environment = (): Record<string, string> => ({ MILLRACE_BROKERS: broker.brokers })

async function json(...args: string[]): Promise<unknown> {
  const { status, stdout, stderr } = await millrace(['dlq', ...args, '--json'], { environment: environment() })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

interface Given {
  readonly topic: string
  readonly value: string | Uint8Array
  readonly offset: number
  readonly key?: string | Uint8Array
  readonly error?: Error
  readonly beside?: 'streams' | ConnectFailure
  readonly letters?: string
  readonly application?: string
}

async function letters(given: readonly Given[]): Promise<void> {
  await using client = kafkaClient({ brokers: broker.brokers })
  await using producer = client.producer()
  for (const { topic, value, offset, key = 'k', error = new TypeError('not JSON'), beside, ...more } of given) {
    const name = more.letters ?? `${topic}.dlq`
    await client.admin.createTopics([{ name: topic }], { ifNotExists: true })
    await client.admin.createTopics([{ name }], { ifNotExists: true })
    const application = more.application ?? 'shop'
    const failure = { topic, partition: 0, offset, stage: 'deserialize', error, application }
    const headers = deadLetterHeaders(failure, beside)
    await producer.send({ topic: name, key: Buffer.from(key), value: Buffer.from(value), headers })
  }
}

async function valuesOf(topic: string): Promise<(string | undefined)[]> {
  await using client = kafkaClient({ brokers: broker.brokers })
  const values: (string | undefined)[] = []
  for await (const { value } of scanTopic(client, { topic })) values.push(value?.toString())
  return values
}

test('letters of handlers, streams and connectors stand in one list, grouped by cause', async () => {
  const refused = new RangeError('row 17 of "t"')
  await letters([
    { topic: 'sale', value: '{"half', offset: 7 },
    { topic: 'sale', value: '{"hal', offset: 9 },
    { topic: 'rate', value: 'x', offset: 1, error: refused, beside: 'streams', application: 'rates' },
    { topic: 'rate', value: 'x', offset: 2, error: refused, beside: {}, letters: 'dlq-rates', application: 'jdbc' },
  ])
  const rows = (await json('list')) as { topic: string; cause: string; message: string; open: number }[]
  assert.deepEqual(
    rows.map(({ cause: _, ...row }) => row),
    [
      {
        topic: 'dlq-rates',
        application: 'jdbc',
        stage: 'deserialize',
        exception: 'RangeError',
        message: 'row <n> of <…>',
        letters: 1,
        open: 1,
      },
      {
        topic: 'rate.dlq',
        application: 'rates',
        stage: 'deserialize',
        exception: 'RangeError',
        message: 'row <n> of <…>',
        letters: 1,
        open: 1,
      },
      {
        topic: 'sale.dlq',
        application: 'shop',
        stage: 'deserialize',
        exception: 'TypeError',
        message: 'not JSON',
        letters: 2,
        open: 2,
      },
    ],
  )
  const [letter, second] = (await json('list', 'sale')) as { position: string; origin: string; state: string }[]
  assert.deepEqual(
    [letter?.position, letter?.origin, letter?.state, second?.position],
    ['0:0', 'sale 0:7', 'open', '0:1'],
  )
  assert.deepEqual(((await json('list', 'sale', '--cause', rows[2]!.cause)) as unknown[]).length, 2)
  const shown = (await json('show', 'sale', '0:0')) as { value: string; error: { message: string } }
  assert.deepEqual([shown.value, shown.error.message], ['{"half', 'not JSON'])
})

test("letters are found under the other usual names of a topic's dead letters", async () => {
  await letters([{ topic: 'parcel', value: 'x', offset: 0, letters: 'parcel-dlq' }])
  await letters([{ topic: 'pallet', value: 'x', offset: 0, letters: 'dlq-pallet' }])
  for (const topic of ['parcel', 'pallet']) {
    assert.deepEqual(
      ((await json('list', topic)) as { origin: string }[]).map(({ origin }) => origin),
      [`${topic} 0:0`],
    )
  }
})

test('a topic without dead letters has none, a topic that is not there is an error', async () => {
  await letters([{ topic: 'clean', value: '', offset: 0, letters: 'other.dlq' }])
  assert.deepEqual(await json('list', 'clean'), [])
  const none = await millrace(['dlq', 'list', 'clean'], { environment: environment() })
  assert.match(none.stdout, /^no dead letters of clean; topics of dead letters are .*other\.dlq/)
  const unknown = await millrace(['dlq', 'list', 'nope'], { environment: environment() })
  assert.equal(refusal(unknown, 'NOT_FOUND'), undefined)
  assert.match(unknown.stderr, /no topic "nope"[\s\S]*remedy .*millrace topics list/)
})

test('redriving previews, asks which, and then sends once', async () => {
  await letters([1, 2, 3].map((offset) => ({ topic: 'back', value: `v${offset}`, offset })))
  const run = (...args: string[]) => millrace(['dlq', 'redrive', 'back', ...args], { environment: environment() })
  assert.equal(refusal(await run(), 'USAGE'), undefined)
  const preview = await run('--all')
  assert.equal(refusal(preview, 'CONFIRMATION_NEEDED'), undefined)
  assert.match(preview.stderr, /would send 3 letters of back.dlq to where they came from/)
  assert.deepEqual(await valuesOf('back'), [])
  const first = (await json('redrive', 'back', '0:1', '--yes', '--by', 'ann')) as { redriven: number }
  assert.equal(first.redriven, 1)
  assert.equal(((await json('redrive', 'back', '--all', '--yes')) as typeof first).redriven, 2)
  assert.equal(((await json('redrive', 'back', '--all', '--yes')) as typeof first).redriven, 0)
  assert.deepEqual(await valuesOf('back'), ['v2', 'v1', 'v3'])
  const trail = (await json('audit', 'back')) as { action: string; by: string; origin: { offset: number } }[]
  assert.deepEqual(
    trail.map(({ action, origin }) => [action, origin.offset]),
    [
      ['redrive', 2],
      ['redrive', 1],
      ['redrive', 3],
    ],
  )
  assert.deepEqual([trail[0]?.by, trail[1]?.by.includes('@')], ['ann', true])
  assert.deepEqual(await json('list', 'back'), [])
  assert.equal(((await json('list', 'back', '--all')) as unknown[]).length, 3)
})

test('a redrive that is killed is finished by the next one, each letter once', async () => {
  const count = 120
  await letters(Array.from({ length: count }, (_, offset) => ({ topic: 'killed', value: `${offset}`, offset })))
  const command = ['dlq', 'redrive', 'killed', '--all', '--rate', '20', '--yes']
  const running = new RunningCommand(command, { environment: environment() })
  while ((await valuesOf('killed')).length < 20) await new Promise((resolve) => setTimeout(resolve, 20))
  await running.stop('SIGKILL')
  const { redriven } = (await json('redrive', 'killed', '--all', '--yes')) as { redriven: number }
  assert.ok(redriven > 0 && redriven < count, `${redriven}`)
  assert.deepEqual(
    await valuesOf('killed'),
    Array.from({ length: count }, (_, offset) => `${offset}`),
  )
})

test('letters in Avro, Protobuf and 64-bit numbers are shown as JSON, and edited as it', async () => {
  const declared = `import { prepare, serdes, topic } from '@millrace/contracts'
    import { schemaRegistry } from '@millrace/registry'
    import { avro } from '@millrace/registry/avro'
    import { protobuf } from '@millrace/registry/protobuf'
    import { StringValueSchema } from '@bufbuild/protobuf/wkt'
    const registry = schemaRegistry({ urls: 'mock://letters' })
    const fields = [{ name: 'cents', type: 'long' }, { name: 'note', type: ['null', 'string'] }]
    export const paid = topic('paid', { key: serdes.int64, value: avro(registry, { type: 'record', name: 'Paid', fields }) })
    export const named = topic('named', { key: serdes.string, value: protobuf(registry, StringValueSchema) })
    export const counted = topic('counted', { key: serdes.string, value: serdes.int64 })
    await prepare(paid)
    await prepare(named)`
  await using project = await Project.create({ 'contracts.ts': declared })
  const { paid, named } = (await import(project.path('contracts.ts'))) as Record<'paid' | 'named', AnyTopicContract>
  await letters([
    {
      topic: 'paid',
      offset: 1,
      key: serdes.int64.serialize(7n),
      value: paid.value.serialize({ cents: 5n, note: null } as never),
    },
    { topic: 'named', offset: 1, value: named.value.serialize({ value: 'ann' } as never) },
    { topic: 'counted', offset: 1, value: serdes.int64.serialize(9n) },
  ])
  const contracts = ['--contracts', project.path('contracts.ts')]
  const shown = async (topic: string, position: string): Promise<unknown[]> => {
    const { key, value, refused } = (await json('show', topic, position, ...contracts)) as Record<string, unknown>
    return [key, value, refused]
  }
  assert.deepEqual(await shown('paid', '0:0'), ['7', { cents: '5', note: null }, undefined])
  assert.deepEqual(await shown('named', '0:0'), ['k', 'ann', undefined])
  const text = await millrace(['dlq', 'show', 'counted', '0:0', ...contracts], { environment: environment() })
  assert.match(text.stdout, /^value +9$/m)
  const beyond = { cents: '9007199254740993', note: 'x' }
  await json('edit', 'paid', '0:0', '--key', '8', '--value', JSON.stringify(beyond), ...contracts)
  await json('edit', 'counted', '0:0', '--value', '10', ...contracts)
  assert.deepEqual(await shown('paid', '0:1'), ['8', beyond, undefined])
  assert.deepEqual(await shown('counted', '0:1'), ['k', '10', undefined])
})

test('a letter is shown and edited as its contract says, and discarded with a reason', async () => {
  await using project = await Project.create({
    'contracts.ts': `import { serdes, topic } from 'millrace'
      export const amount = topic('amount', { key: serdes.string, value: serdes.int32 })`,
  })
  const contracts = ['--contracts', project.path('contracts.ts')]
  await letters([
    { topic: 'amount', value: Buffer.of(0, 0, 0, 9), offset: 1 },
    { topic: 'amount', value: 'nonsense', offset: 2 },
  ])
  const shown = (await json('show', 'amount', '0:0', ...contracts)) as { value: number }
  assert.equal(shown.value, 9)
  const other = (await json('show', 'amount', '0:1', ...contracts)) as { value: string; refused: string }
  assert.equal(other.value, 'nonsense')
  assert.ok(other.refused)
  const refused = ['dlq', 'edit', 'amount', '0:0', '--value', 'many', ...contracts]
  assert.equal(refusal(await millrace(refused, { environment: environment() }), 'USAGE'), undefined)
  const edited = (await json('edit', 'amount', '0:0', '--value', '7', ...contracts)) as { position: string }
  assert.equal(edited.position, '0:2')
  assert.deepEqual(await json('discard', 'amount', '0:1', '--reason', 'a test', '--yes'), { discarded: 1, missed: [] })
  const states = (await json('list', 'amount', '--all')) as { position: string; state: string }[]
  assert.deepEqual(
    states.map(({ position, state }) => [position, state]),
    [
      ['0:0', 'edited'],
      ['0:1', 'discarded'],
      ['0:2', 'open'],
    ],
  )
  await json('redrive', 'amount', '--all', '--yes')
  assert.deepEqual(await valuesOf('amount'), [Buffer.of(0, 0, 0, 7).toString()])
  const { history } = (await json('show', 'amount', '0:0')) as { history: { action: string; changed: string[] }[] }
  assert.deepEqual(
    history.map(({ action, changed }) => [action, changed]),
    [['edit', ['value']]],
  )
})
