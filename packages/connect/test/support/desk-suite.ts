import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '@millrace/base'
import { deadLetterHeaders, readRedrive, truncatedHeader } from '@millrace/base/internal'
import { type ConsumedRecord, type KafkaClient, kafkaClient, scanTopic } from '@millrace/kafka'
import { Desk, findSuccessors, LetterBox, type LetterSelection, readAudit, selectLetters } from '../../src/internal.ts'
import type { CrashSuite } from './crash-suite.ts'

let brokers: string
let client: KafkaClient

const all: LetterSelection = { max: 1_000_000 }
const application = 'billing'

interface Written {
  readonly key: string | null
  readonly value?: string
  readonly partition?: number
  readonly offset: number
  readonly message?: string
  readonly application?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A topic, its dead-letter topic and the given letters in it, in this order. */
async function lettersIn(topic: string, letters: readonly Written[], partitions = 1): Promise<string> {
  const name = `${topic}.dlq`
  await client.admin.createTopics([{ name: topic, partitions }, { name }])
  await using producer = client.producer()
  for (const letter of letters) {
    const { key, offset, partition = 0, message = 'broken' } = letter
    void producer.send({
      topic: name,
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(letter.value ?? `${offset}`),
      timestamp: 1_000 + offset,
      headers: deadLetterHeaders({
        topic,
        partition,
        offset,
        stage: 'process',
        error: new RangeError(message),
        application: letter.application ?? application,
        headers: Object.entries(letter.headers ?? {}).map(([name, text]) => ({ key: name, value: Buffer.from(text) })),
      }),
    })
  }
  await producer.flush()
  return name
}

async function recordsOf(topic: string): Promise<ConsumedRecord[]> {
  const records: ConsumedRecord[] = []
  for await (const record of scanTopic(client, { topic })) records.push(record)
  return records
}

const valuesOf = async (topic: string): Promise<(string | undefined)[]> =>
  (await recordsOf(topic)).map(({ value }) => value?.toString())

async function redriveAll(name: string, selection = all): Promise<number> {
  await using desk = await Desk.open(client, name, 'ann')
  return await desk.redrive((await selectLetters(desk.box, selection)).letters, { clock: systemClock })
}

/** The way back of dead letters: each once, in the order of their events, whoever tries and whatever dies on the way. */
export function registerDeskTests(name: string, { skip, startBroker }: Omit<CrashSuite, 'kills'>): void {
  describe(`${name}, dead letters go back`, { skip }, () => {
    let broker: Awaited<ReturnType<CrashSuite['startBroker']>>
    before(async () => {
      broker = await startBroker()
      brokers = broker.brokers
      client = kafkaClient({ brokers })
    })
    after(async () => {
      await client?.close()
      await broker?.[Symbol.asyncDispose]()
    })
    bulkTests()
    orderTests()
    auditTests()
  })
}

function bulkTests(): void {
  test('ten thousand letters go back once each, ordered per key as their events were, into the partitions they came from', async () => {
    const count = 10_000
    // Written in no order at all, as several instances write them.
    const letters = Array.from({ length: count }, (_, i) => (i * 7_919) % count).map((n) => ({
      key: `k${n % 50}`,
      partition: n % 3,
      offset: Math.floor(n / 3),
    }))
    const name = await lettersIn('bulk', letters, 3)
    assert.equal(await redriveAll(name), count)
    assert.equal(await redriveAll(name), 0)
    const back = await recordsOf('bulk')
    assert.equal(back.length, count)
    const last = new Map<number, number>()
    for (const { partition, value } of back) {
      assert.ok(Number(value) > (last.get(partition) ?? -1), `${value} in partition ${partition}`)
      last.set(partition, Number(value))
    }
    const placed = new Set(back.map(({ partition, value }) => `${partition}/${value}`))
    assert.deepEqual(placed, new Set(letters.map(({ partition, offset }) => `${partition}/${offset}`)))
  })

  test('a letter that a dying process wrote twice goes back once', async () => {
    const twice = { key: 'k', offset: 1 }
    const name = await lettersIn('twice', [
      twice,
      { key: 'k', offset: 2 },
      twice,
      { ...twice, application: 'shipping' },
    ])
    const states: string[] = []
    for await (const { state } of (await LetterBox.open(client, name)).letters()) states.push(state)
    assert.deepEqual(states, ['open', 'open', 'duplicate', 'open'])
    assert.equal(await redriveAll(name), 3)
    assert.deepEqual(await valuesOf('twice'), ['1', '1', '2'])
  })

  test('a desk that dies on the way leaves nothing half done, and the next one goes on', async () => {
    const letters = Array.from({ length: 1_200 }, (_, offset) => ({ key: `k${offset % 7}`, offset }))
    const name = await lettersIn('dying', letters)
    const dying = kafkaClient({ brokers })
    const desk = await Desk.open(dying, name)
    const { letters: selected } = await selectLetters(desk.box, all)
    const stop = desk.redrive(selected, {
      clock: systemClock,
      onProgress: () => {
        throw new Error('killed')
      },
    })
    await assert.rejects(stop, /killed/)
    // A transaction that nobody ends: its records are in the topic, its line is not in the trail.
    const lost = dying.producer({ transactionalId: `millrace-dlq-${name}` })
    await lost.init()
    lost.begin()
    await lost.send({ topic: 'dying', key: null, value: Buffer.from('half done') })
    assert.equal(await redriveAll(name), 700)
    await dying.close()
    const back = await valuesOf('dying')
    assert.deepEqual(
      back,
      letters.map(({ offset }) => `${offset}`),
    )
  })

  test('of two desks the older one stops, and no letter goes twice', async () => {
    const name = await lettersIn(
      'rivals',
      Array.from({ length: 900 }, (_, offset) => ({ key: 'k', offset })),
    )
    await using older = await Desk.open(client, name)
    const { letters } = await selectLetters(older.box, all)
    const rival = older.redrive(letters, {
      clock: systemClock,
      rate: 100,
      onProgress: () => {
        if (started) return
        started = true
        younger = redriveAll(name)
      },
    })
    let started = false
    let younger: Promise<number> | undefined
    await assert.rejects(rival, { code: 'DEAD_LETTER_DESK_TAKEN' })
    await younger
    const back = await valuesOf('rivals')
    assert.deepEqual(
      back,
      letters.map(({ offset }) => `${offset}`),
    )
  })

  test('a rate limit holds', async () => {
    const name = await lettersIn(
      'slow',
      Array.from({ length: 60 }, (_, offset) => ({ key: 'k', offset })),
    )
    await using desk = await Desk.open(client, name)
    const { letters } = await selectLetters(desk.box, all)
    const startedMs = performance.now()
    let most = 0
    await desk.redrive(letters, {
      rate: 100,
      clock: systemClock,
      onProgress: (done) => (most = Math.max(most, done / ((performance.now() - startedMs) / 1_000 + 0.5))),
    })
    assert.ok(most <= 100, `${most} a second`)
  })
}

function orderTests(): void {
  test('what goes back is the record as it was, and says who it is for and which event it is', async () => {
    const name = await lettersIn('plain', [{ key: 'k', value: 'v', offset: 4, headers: { trace: 't1' } }])
    await redriveAll(name)
    const [record] = await recordsOf('plain')
    assert.deepEqual([String(record?.key), String(record?.value), record?.timestamp], ['k', 'v', 1_004])
    assert.deepEqual(readRedrive(record!.headers, 'plain'), {
      topic: 'plain',
      origin: 'plain/0/4@1004',
      application,
      count: 1,
    })
    assert.deepEqual(
      record?.headers.map(({ key }) => key).filter((key) => !key.startsWith('__millrace.redrive.')),
      ['trace'],
    )
  })

  test('a letter that failed again keeps its first place in the order of its key', async () => {
    const first = {
      offset: 9,
      key: 'k',
      value: 'old',
      headers: { '__millrace.redrive.topic': 'again', '__millrace.redrive.origin': 'again/0/2@1002' },
    }
    const name = await lettersIn('again', [{ offset: 5, key: 'k', value: 'young' }, first])
    await redriveAll(name)
    assert.deepEqual(await valuesOf('again'), ['old', 'young'])
    const [record] = await recordsOf('again')
    assert.equal(readRedrive(record!.headers, 'again')?.origin, 'again/0/2@1002')
  })

  test('letters of one mistake are one cause, and a cause can be sent alone', async () => {
    const name = await lettersIn('causes', [
      { key: 'a', offset: 1, message: 'order "a-17" costs -3' },
      { key: 'b', offset: 2, message: 'order "b-99" costs -12.5' },
      { key: 'c', offset: 3, message: 'no customer 0f8fad5b-d9cb-469f-a165-70867728950e' },
    ])
    const { causes } = await selectLetters(await LetterBox.open(client, name), all)
    assert.deepEqual(
      [...causes.values()].map(({ cause, letters }) => [cause.pattern, letters]),
      [
        ['order <…> costs <n>', 2],
        ['no customer <id>', 1],
      ],
    )
    const [first] = causes.keys()
    assert.equal(await redriveAll(name, { ...all, causes: [first!] }), 2)
    assert.deepEqual(await valuesOf('causes'), ['1', '2'])
  })

  test('a letter whose key has an older one that stays is reported as out of turn', async () => {
    const name = await lettersIn('turns', [
      { key: 'k', offset: 1, message: 'one' },
      { key: 'k', offset: 2, message: 'two' },
      { key: 'l', offset: 3, message: 'two' },
    ])
    const box = await LetterBox.open(client, name)
    const { outOfTurn } = await selectLetters(box, {
      ...all,
      positions: [
        { partition: 0, offset: 1 },
        { partition: 0, offset: 2 },
      ],
    })
    assert.equal(outOfTurn, 1)
    assert.equal((await selectLetters(box, all)).outOfTurn, 0)
  })

  test('successors that the application has applied are reported: not other keys, not letters, not what it has yet to read', async () => {
    const topic = 'followed'
    await client.admin.createTopics([{ name: topic, partitions: 1 }])
    await using producer = client.producer()
    //                0    1    2    3    4    5
    for (const key of ['k', 'l', 'k', 'k', 'l', 'k']) {
      await producer.send({ topic, partition: 0, key: Buffer.from(key), value: Buffer.from('x') })
    }
    await using consumer = client.consumer({ groupId: application })
    consumer.subscribe({ topics: [topic] })
    while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 50 })
    await consumer.commit([{ topic, partition: 0, offset: 5 }])
    await client.admin.createTopics([{ name: `${topic}.dlq` }])
    for (const offset of [0, 1, 2]) {
      const failure = { topic, partition: 0, offset, stage: 'process', error: new Error('x'), application }
      const key = Buffer.from(offset === 1 ? 'l' : 'k')
      await producer.send({ topic: `${topic}.dlq`, key, value: null, headers: deadLetterHeaders(failure) })
    }
    const box = await LetterBox.open(client, `${topic}.dlq`)
    const { letters } = await selectLetters(box, all)
    assert.deepEqual(
      Object.fromEntries(await findSuccessors(client, box, letters)),
      // Of k: 3 alone, since 2 is a letter itself and 5 is not read yet. Of l: 4.
      {
        '0:0': { applied: 1, last: { partition: 0, offset: 3 } },
        '0:1': { applied: 1, last: { partition: 0, offset: 4 } },
        '0:2': { applied: 1, last: { partition: 0, offset: 3 } },
      },
    )
  })
}

function auditTests(): void {
  test('positions where nothing is open are named', async () => {
    const name = await lettersIn('missed', [{ key: 'k', offset: 1 }])
    await redriveAll(name)
    const positions = [0, 7].map((offset) => ({ partition: 0, offset }))
    const { letters, missed } = await selectLetters(await LetterBox.open(client, name), { ...all, positions })
    assert.deepEqual(letters, [])
    assert.deepEqual(
      missed.map(({ state }) => state),
      ['redriven', 'no letter'],
    )
  })

  test('an edited copy takes the place of its letter, under the same event, and a changed key finds its partition', async () => {
    const name = await lettersIn('edited', [{ key: 'k', value: 'wrong', offset: 3, partition: 2 }], 3)
    {
      await using desk = await Desk.open(client, name, 'ann')
      const letter = await desk.letter({ partition: 0, offset: 0 })
      const copy = await desk.edit(letter, { value: Buffer.from('right'), headers: { why: 'typo' } })
      assert.deepEqual(copy, { partition: 0, offset: 1 })
    }
    assert.equal(await redriveAll(name), 1)
    const [record] = await recordsOf('edited')
    assert.deepEqual([record?.partition, String(record?.value)], [2, 'right'])
    assert.equal(readRedrive(record!.headers, 'edited')?.origin, 'edited/2/3@1003')
    await using desk = await Desk.open(client, name)
    await assert.rejects(desk.letter({ partition: 0, offset: 0 }), { code: 'DEAD_LETTER_NOT_OPEN' })
  })

  test('a letter without its value does not go back as a tombstone, but with the value that an edit gives it', async () => {
    const name = await lettersIn('large', [])
    const envelope = { topic: 'large', partition: 0, offset: 7, stage: 'process', error: new Error('no'), application }
    const headers = [...deadLetterHeaders(envelope), { key: truncatedHeader, value: Buffer.from('1048576') }]
    {
      await using producer = client.producer()
      await producer.send({ topic: name, key: Buffer.from('k'), value: null, headers })
    }
    await assert.rejects(redriveAll(name), { code: 'DEAD_LETTER_WITHOUT_VALUE', message: /0:0 of large\.dlq/ })
    assert.deepEqual(await valuesOf('large'), [])
    {
      await using desk = await Desk.open(client, name)
      await desk.edit(await desk.letter({ partition: 0, offset: 0 }), { value: Buffer.from('whole') })
    }
    assert.equal(await redriveAll(name), 1)
    assert.deepEqual(await valuesOf('large'), ['whole'])
  })

  test('the trail tells who did what, and letters of a topic that was made again are new', async () => {
    const name = await lettersIn('trail', [
      { key: 'a', offset: 1 },
      { key: 'b', offset: 2 },
    ])
    {
      await using desk = await Desk.open(client, name, 'ann')
      const { letters } = await selectLetters(desk.box, all)
      await desk.discard(letters.slice(0, 1), 'a test order')
      await desk.redrive(letters.slice(1), { clock: systemClock })
    }
    const trail = await readAudit(client, name)
    assert.deepEqual(
      trail.map(({ action, by, origin, to, reason }) => [action, by, origin.offset, to, reason]),
      [
        ['discard', 'ann', 1, undefined, 'a test order'],
        ['redrive', 'ann', 2, { topic: 'trail', partition: 0, offset: 0 }, undefined],
      ],
    )
    await client.admin.deleteTopics([name, 'trail'])
    await lettersIn('trail', [{ key: 'c', offset: 1 }])
    assert.equal((await selectLetters(await LetterBox.open(client, name), all)).letters.length, 1)
  })

  test('a letter of a source, which has no offset, goes to the topic that it was meant for, again and again', async () => {
    await client.admin.createTopics([{ name: 'outbox.dlq' }, { name: 'meant' }])
    await using producer = client.producer()
    const failure = {
      topic: 'meant',
      partition: -1,
      offset: -1,
      stage: 'produce',
      error: new Error('x'),
      application: 's',
    }
    const letter = { topic: 'outbox.dlq', key: Buffer.from('k'), value: Buffer.from('v') }
    await producer.send({ ...letter, headers: deadLetterHeaders(failure, {}) })
    await producer.send({ ...letter, headers: deadLetterHeaders(failure, {}) })
    assert.equal(await redriveAll('outbox.dlq'), 2)
    const [{ headers } = { headers: [] }] = await recordsOf('meant')
    await producer.send({ ...letter, headers: deadLetterHeaders({ ...failure, partition: 0, offset: 0, headers }) })
    assert.equal(await redriveAll('outbox.dlq'), 1)
    assert.equal((await recordsOf('meant')).length, 3)
  })

  test('letters that do not say where they came from, or from where nothing is left, ask for a target', async () => {
    await client.admin.createTopics([{ name: 'strange.dlq' }, { name: 'elsewhere' }])
    await using producer = client.producer()
    await producer.send({ topic: 'strange.dlq', key: null, value: Buffer.from('x') })
    await assert.rejects(redriveAll('strange.dlq'), { code: 'DEAD_LETTER_NO_TARGET' })
    await using desk = await Desk.open(client, 'strange.dlq')
    const { letters } = await selectLetters(desk.box, all)
    assert.equal(await desk.redrive(letters, { to: 'elsewhere', clock: systemClock }), 1)
    assert.deepEqual(await valuesOf('elsewhere'), ['x'])
  })
}
