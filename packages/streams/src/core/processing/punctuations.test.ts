import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import {
  type Cancellable,
  keyValueStore,
  type ProcessorContext,
  type PunctuationOptions,
  topology,
} from '../../index.ts'
import { type TestDriver, type TestDriverOptions, testDriver } from '../../testing.ts'

const ticks = topic('ticks', { key: serdes.string, value: serdes.string })
const calls = topic('calls', { key: serdes.string, value: serdes.json<number>() })

/** Hands on the time of each call. */
function timekeeper(options: PunctuationOptions, driverOptions: TestDriverOptions = {}): TestDriver {
  const app = topology('timekeeper')
  app
    .stream(ticks)
    .process((context: ProcessorContext<string, number>) => {
      let called: Cancellable | undefined
      const start = (): void => {
        called = context.schedule(options, (timestamp) => context.forward({ key: options.by, value: timestamp }))
      }
      start()
      return {
        process({ value }) {
          if (value === 'cancel') called?.cancel()
          if (value === 'again') start()
        },
      }
    })
    .to(calls)
  return testDriver(app, driverOptions)
}

function times(driver: TestDriver): number[] {
  return driver
    .output(calls)
    .readAll()
    .map(([, time]) => time!)
}

function tick(driver: TestDriver, ...timestamps: number[]): number[] {
  for (const timestamp of timestamps) driver.input(ticks).pipe('k', 'v', { timestamp })
  return times(driver)
}

test('stream time is called for with the first record, then aligned to the epoch', () => {
  using driver = timekeeper({ everyMs: 10, by: 'streamTime' })
  assert.deepEqual(tick(driver, 12), [12])
  assert.deepEqual(tick(driver, 13, 19), [])
  assert.deepEqual(tick(driver, 20), [20])
  assert.deepEqual(tick(driver, 5, 29), [], 'a late record does not move it')
})

test('intervals that passed without a record are called for once', () => {
  using driver = timekeeper({ everyMs: 10, by: 'streamTime' })
  assert.deepEqual(tick(driver, 0, 57), [0, 57])
  assert.deepEqual(tick(driver, 59), [])
  assert.deepEqual(tick(driver, 60), [60])
})

test('the wall clock is first called for one interval from now', () => {
  using driver = timekeeper({ everyMs: 10, by: 'wallClock' }, { startMs: 103 })
  driver.advanceTime(9)
  assert.deepEqual(times(driver), [])
  driver.advanceTime(1)
  assert.deepEqual(times(driver), [113])
  driver.advanceTime(25)
  assert.deepEqual(times(driver), [138])
  driver.advanceTime(5)
  assert.deepEqual(times(driver), [143], 'aligned to where it began')
})

test('records do not move the wall clock', () => {
  using driver = timekeeper({ everyMs: 10, by: 'wallClock' })
  assert.deepEqual(tick(driver, 1_000), [])
})

test('a start in the future is waited for, and aligned to', () => {
  using driver = timekeeper({ everyMs: 10, by: 'wallClock', startMs: 25 })
  driver.advanceTime(24)
  assert.deepEqual(times(driver), [])
  driver.advanceTime(1)
  driver.advanceTime(10)
  assert.deepEqual(times(driver), [25, 35])
})

test('a start that has passed only aligns', () => {
  using driver = timekeeper({ everyMs: 10, by: 'wallClock', startMs: 25 }, { startMs: 100 })
  assert.deepEqual(times(driver), [])
  driver.advanceTime(5)
  assert.deepEqual(times(driver), [105])
})

test('what is cancelled is not called any more', () => {
  using driver = timekeeper({ everyMs: 10, by: 'streamTime' })
  assert.deepEqual(tick(driver, 10), [10])
  driver.input(ticks).pipe('k', 'cancel', { timestamp: 11 })
  assert.deepEqual(tick(driver, 50), [])
})

test('several at one time are called in the order that they were made', () => {
  using driver = timekeeper({ everyMs: 10, by: 'streamTime' })
  driver.input(ticks).pipe('k', 'again', { timestamp: 10 })
  assert.deepEqual(times(driver), [10, 10])
})

test('a punctuation may cancel itself', () => {
  const app = topology('once')
  app
    .stream(ticks)
    .process((context: ProcessorContext<string, number>) => {
      const once = context.schedule({ everyMs: 1, by: 'streamTime' }, (timestamp) => {
        context.forward({ key: 'once', value: timestamp })
        once.cancel()
      })
      return { process() {} }
    })
    .to(calls)
  using driver = testDriver(app)
  assert.deepEqual(tick(driver, 1, 2, 3), [1])
})

test('what a punctuation hands on has its time and no headers, and comes from nowhere', () => {
  const sources: unknown[] = []
  const app = topology('nowhere')
  app
    .stream(ticks)
    .process((context: ProcessorContext<string, number>) => {
      context.schedule({ everyMs: 10, by: 'wallClock' }, () => {
        sources.push(context.source)
        context.forward({ key: 'k', value: 1 })
      })
      return { process() {} }
    })
    .to(calls)
  using driver = testDriver(app)
  driver.input(ticks).pipe('k', 'v', { timestamp: 3, headers: { trace: 'x' } })
  driver.advanceTime(10)
  assert.deepEqual(driver.output(calls).readRecords(), [{ key: 'k', value: 1, timestamp: 10, headers: {} }])
  assert.deepEqual(sources, [undefined])
})

test('a punctuation feeds sub-topologies behind a repartition topic', () => {
  const app = topology('feeds')
  app
    .stream(ticks)
    .process((context: ProcessorContext<string, string>) => {
      context.schedule({ everyMs: 10, by: 'wallClock' }, () => context.forward({ key: 'k', value: 'v' }))
      return { process() {} }
    })
    .groupByKey()
    .count({ store: 'count' })
  using driver = testDriver(app)
  driver.advanceTime(10)
  driver.advanceTime(10)
  assert.equal(driver.store('count').get('k')?.value, 2)
})

test('punctuations are counted', () => {
  const app = topology('counted')
  app.stream(ticks).process((context) => {
    context.schedule({ everyMs: 10, by: 'wallClock' }, () => {})
    return { process() {} }
  })
  using driver = testDriver(app)
  const figures = () =>
    driver
      .metrics()
      .filter(({ name }) => name.includes('_punctuation'))
      .map(({ name, value }) => [name.replace('millrace_streams_task_punctuation', ''), value])
  assert.deepEqual(figures(), [])
  driver.advanceTime(10)
  driver.advanceTime(10)
  // The driver's time stands still while it processes.
  assert.deepEqual(figures().sort(), [
    ['_seconds_max', 0],
    ['_seconds_total', 0],
    ['s_total', 2],
  ])
})

test('a punctuation that fails goes to the handler, and the next one is called', () => {
  const failed: string[] = []
  const app = topology('failing')
  const store = keyValueStore<string, number>({ name: 'calls' })
  app.stream(ticks).process(
    (context) => {
      context.schedule({ everyMs: 10, by: 'wallClock' }, (timestamp) => {
        const kept = context.store(store)
        kept.put('calls', (kept.get('calls') ?? 0) + 1)
        throw new Error(`at ${timestamp}`)
      })
      return { process() {} }
    },
    { name: 'punctual', stores: [store] },
  )
  using driver = testDriver(app, {
    handlers: {
      process: (error, { node, topic: source }) => {
        failed.push(`${(error as Error).message} in ${node} of '${source}'`)
        return 'continue'
      },
    },
  })
  driver.advanceTime(10)
  driver.advanceTime(10)
  assert.deepEqual(failed, ["at 10 in punctual of ''", "at 20 in punctual of ''"])
  assert.equal(driver.store('calls').get('calls')?.value, 2)
  using strict = testDriver(app)
  assert.throws(() => strict.advanceTime(10), {
    code: 'STREAMS_PROCESS_FAILED',
    message: /a punctuation, in punctual: at 10/,
  })
})

test('intervals and starts that are no times are refused', () => {
  for (const options of [{ everyMs: 0 }, { everyMs: 1.5 }, { everyMs: 1, startMs: -1 }]) {
    assert.throws(() => timekeeper({ by: 'wallClock', ...options }), /everyMs must be|startMs must be/)
  }
})
