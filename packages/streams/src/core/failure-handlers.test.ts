import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { type FailedRecord, failureHandlers, type Topology, topology } from '../index.ts'
import { testDriver } from '../testing.ts'

const numbers = topic('numbers', { key: serdes.string, value: serdes.json<number>() })
const out = topic('out', { key: serdes.string, value: serdes.json<number>() })
const garbage = Buffer.from('{not json')

function doubled(): Topology {
  const app = topology('numbers')
  app
    .stream(numbers)
    .mapValues((value) => value * 2)
    .to(out)
  return app
}

function picky(): Topology {
  const app = topology('numbers')
  app
    .stream(numbers)
    .mapValues((value) => {
      if (value === 13) throw new Error('not that one')
      return value
    })
    .to(out)
  return app
}

test('a record that cannot be read fails the task, and the error says where', () => {
  using driver = testDriver(doubled)
  driver.input(numbers).pipe('a', 1)
  assert.throws(() => driver.input(numbers).pipeBytes(Buffer.from('a'), garbage), {
    code: 'STREAMS_DESERIALIZE_FAILED',
    fields: { topic: 'numbers', partition: 0, offset: 1, node: 'KSTREAM-MAPVALUES-0000000001' },
  })
})

test('a callback that throws fails the task, and the error names the step', () => {
  using driver = testDriver(picky)
  assert.throws(() => driver.input(numbers).pipe('a', 13), {
    code: 'STREAMS_PROCESS_FAILED',
    message: /numbers-0 at offset 0, in KSTREAM-MAPVALUES-0000000001: not that one/,
  })
})

test('a dead letter carries the record as it was read, and the others go on', () => {
  const { deadLetter } = failureHandlers
  using driver = testDriver(picky, { handlers: { deserialize: deadLetter, process: deadLetter } })
  driver.input(numbers).pipeBytes(Buffer.from('a'), garbage, { timestamp: 5 })
  driver.input(numbers).pipe('b', 13)
  driver.input(numbers).pipe('c', 1)
  assert.deepEqual(driver.output(out).readAll(), [['c', 1]])
  const [first, second, ...more] = driver.deadLetters()
  assert.deepEqual(more, [])
  assert.deepEqual(
    { stage: first?.stage, offset: first?.offset, timestamp: first?.timestamp, key: first?.key, value: first?.value },
    { stage: 'deserialize', offset: 0, timestamp: 5, key: Buffer.from('a'), value: garbage },
  )
  assert.equal(second?.stage, 'process')
  assert.match(String(second?.error), /not that one/)
})

test('continue skips the record and counts it', () => {
  using driver = testDriver(picky, { handlers: { process: failureHandlers.continue } })
  driver.input(numbers).pipe('a', 13)
  driver.input(numbers).pipe('b', 1)
  assert.deepEqual(driver.output(out).readAll(), [['b', 1]])
  assert.deepEqual(driver.dropped(), { skipped: 1 })
})

test('retry tries the record again, and says which attempt it is', () => {
  let failures = 2
  const attempts: number[] = []
  using driver = testDriver(
    () => {
      const app = topology('numbers')
      app
        .stream(numbers)
        .peek(() => {
          if (failures-- > 0) throw new Error('not yet')
        })
        .to(out)
      return app
    },
    {
      handlers: {
        process(_error: unknown, record: FailedRecord) {
          attempts.push(record.attempt)
          return 'retry'
        },
      },
    },
  )
  driver.input(numbers).pipe('a', 1)
  for (let round = 0; round < 3; round++) driver.advanceTime(1)
  assert.deepEqual(driver.output(out).readAll(), [['a', 1]])
  assert.deepEqual(attempts, [1, 2])
})

test('a record that has had effects is not tried again by itself', () => {
  using driver = testDriver(
    () => {
      const app = topology('numbers')
      const stream = app.stream(numbers)
      stream.to(out)
      stream.forEach(() => {
        throw new Error('afterwards')
      })
      return app
    },
    { handlers: { process: () => 'retry' } },
  )
  assert.throws(() => driver.input(numbers).pipe('a', 1), { code: 'STREAMS_RETRY_AFTER_EFFECTS', retriable: true })
})

test('where a record goes several ways, none has its effect before the bytes are known to be good', () => {
  using driver = testDriver(
    () => {
      const app = topology('numbers')
      const stream = app.stream(numbers)
      stream.groupByKey().count({ store: 'counts' })
      stream.mapValues((value) => value * 2).to(out)
      return app
    },
    { handlers: { deserialize: failureHandlers.deadLetter } },
  )
  driver.input(numbers).pipeBytes(Buffer.from('a'), garbage)
  assert.equal(driver.store('counts').get('a'), undefined)
  assert.equal(driver.deadLetters().length, 1)
})

test('values that nobody asks for are not parsed', () => {
  using driver = testDriver(() => {
    const app = topology('numbers')
    app.stream(numbers).groupByKey().count({ store: 'counts' })
    return app
  })
  driver.input(numbers).pipeBytes(Buffer.from('a'), garbage)
  assert.equal(driver.store('counts').get('a')?.value, 1)
})

test('a table does not take rows that cannot be read', () => {
  using driver = testDriver(
    () => {
      const app = topology('numbers')
      app.table(numbers, { store: 'rows' })
      return app
    },
    { handlers: { deserialize: failureHandlers.deadLetter } },
  )
  driver.input(numbers).pipeBytes(Buffer.from('a'), garbage)
  assert.equal(driver.store('rows').get('a'), undefined)
  assert.equal(driver.deadLetters().length, 1)
})

test('a result that cannot be serialised goes to the produce handler', () => {
  const bigints = topic('bigints', { key: serdes.string, value: serdes.int32 })
  const tooLarge = (): Topology => {
    const app = topology('numbers')
    app
      .stream(numbers)
      .mapValues((value) => value * 2 ** 31)
      .to(bigints)
    return app
  }
  using failing = testDriver(tooLarge)
  assert.throws(() => failing.input(numbers).pipe('a', 1), { code: 'STREAMS_PRODUCE_FAILED' })
  using skipping = testDriver(tooLarge, { handlers: { produce: failureHandlers.continue } })
  skipping.input(numbers).pipe('a', 1)
  skipping.input(numbers).pipe('b', 0)
  assert.deepEqual(skipping.output(bigints).readAll(), [['b', 0]])
})

test('an update held in the cache that cannot be handed on goes to a handler with its origin', () => {
  const app = (): Topology => {
    const built = topology('numbers')
    built
      .stream(numbers)
      .groupByKey()
      .reduce((sum, value) => sum + value, { initial: 0, store: 'sums' })
      .toStream({ tombstones: false })
      .mapValues((sum) => {
        if (sum === 13) throw new Error('not that one')
        return sum
      })
      .to(out)
    return built
  }
  using driver = testDriver(app, { cacheMaxBytes: 1_000_000, handlers: { process: failureHandlers.deadLetter } })
  driver.input(numbers).pipe('a', 6)
  driver.input(numbers).pipe('a', 7)
  driver.input(numbers).pipe('b', 1)
  driver.commit()
  assert.deepEqual(driver.output(out).readAll(), [['b', 1]])
  assert.deepEqual(
    driver.deadLetters().map(({ topic: name, offset }) => [name, offset]),
    [['numbers', 1]],
  )
})

test('a callback that returns a promise is refused, whatever the handlers say', () => {
  using driver = testDriver(
    () => {
      const app = topology('numbers')
      const later = async (): Promise<boolean> => true
      // @ts-expect-error the compiler refuses it too
      const stream = app.stream(numbers).filter(later)
      stream.to(out)
      return app
    },
    { handlers: { process: failureHandlers.continue } },
  )
  assert.throws(() => driver.input(numbers).pipe('a', 1), { code: 'STREAMS_PROMISE_RETURNED' })
})

test('a negative timestamp is refused', () => {
  using driver = testDriver(doubled)
  assert.throws(() => driver.input(numbers).pipe('a', 1, { timestamp: -1 }), { code: 'STREAMS_DESERIALIZE_FAILED' })
})
