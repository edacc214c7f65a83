import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { sessionWindow, slidingWindow, type Topology, topology, tumbling, windowedSerde } from '../../index.ts'
import { type TestDriver, testDriver } from '../../testing.ts'

const inputs = ['one', 'two', 'three'].map((name) => topic(name, { key: serdes.string, value: serdes.json<number>() }))
const out = topic('out', { key: serdes.string, value: serdes.json<number>() })

/** Each input counts with a weight of its own. */
const weigh = (weight: number) => (sum: number, value: number) => sum + weight * value
const grouped = (app: Topology, at: number) => app.stream(inputs[at]!).groupByKey()
const cogrouped = (app: Topology) =>
  grouped(app, 0).cogroup(weigh(1)).and(grouped(app, 1), weigh(10)).and(grouped(app, 2), weigh(100))

/** The same as one stream that was merged of three. */
const merged = (app: Topology) => {
  const [one, two, three] = inputs.map((input, at) => app.stream(input).mapValues((value) => value * 10 ** at))
  return one!.merge(two!).merge(three!).groupByKey()
}

const steps: [input: number, key: string, value: number | null, timestamp: number][] = []
for (let at = 0; at < 120; at++)
  steps.push([at % 3, 'abc'[(at * 7) % 3]!, at % 9 ? (at % 5) + 1 : null, at * 7 + ((at * 31) % 40)])

function run(driver: TestDriver): void {
  for (const [at, key, value, timestamp] of steps) driver.input(inputs[at]!).pipe(key, value, { timestamp })
}

test('three inputs make the aggregate that one stream of all three makes', () => {
  const results = [
    (app: Topology) => cogrouped(app).aggregate({ initial: 0, store: 'sums' }).to(out),
    (app: Topology) => merged(app).reduce(weigh(1), { initial: 0, store: 'sums' }).to(out),
  ].map((build) => {
    const app = topology('sums')
    build(app)
    using driver = testDriver(app)
    run(driver)
    return driver.output(out).readRecords()
  })
  assert.ok(results[0]!.length > 80)
  assert.deepEqual(results[0], results[1])
})

for (const windows of [
  tumbling({ sizeMs: 50, graceMs: 1_000 }),
  slidingWindow({ differenceMs: 30, graceMs: 1_000 }),
  sessionWindow({ gapMs: 12, graceMs: 1_000 }),
]) {
  test(`three inputs make the windows that one stream of all three makes: ${windows.description}`, () => {
    const windowed = topic('out', { key: windowedSerde(serdes.string, windows), value: serdes.json<number>() })
    const merge = (one: number, other: number): number => one + other
    const options = { initial: 0, merge, store: 'sums' }
    const results = [
      (app: Topology) =>
        ('gapMs' in windows ? cogrouped(app).window(windows) : cogrouped(app).window(windows)).aggregate(options),
      (app: Topology) =>
        'gapMs' in windows
          ? merged(app).window(windows).reduce(weigh(1), options)
          : merged(app).window(windows).reduce(weigh(1), options),
    ].map((build) => {
      const app = topology('sums')
      build(app).to(windowed)
      using driver = testDriver(app)
      run(driver)
      return driver.output(windowed).readRecords()
    })
    assert.ok(results[0]!.length > 80)
    assert.deepEqual(results[0], results[1])
  })
}

test('the inputs keep one store, and with the cache one update comes of what all of them did', () => {
  const app = topology('sums')
  cogrouped(app).aggregate({ initial: 0, store: 'sums' }).to(out)
  using driver = testDriver(app, { cacheMaxBytes: 1_000_000 })
  for (const input of inputs) driver.input(input).pipe('a', 1, { timestamp: 5 })
  driver.commit()
  assert.deepEqual(driver.output(out).readAll(), [['a', 111]])
  assert.equal(driver.store('sums').get('a')?.value, 111)
})

test('inputs whose keys were changed need a name each for their repartition topics', () => {
  const build = (name?: string): Topology => {
    const app = topology('sums')
    const [one, two] = inputs.map((input) => app.stream(input).selectKey((value) => String(value)))
    one!
      .groupByKey()
      .cogroup(weigh(1))
      .and(two!.groupByKey({ ...(name !== undefined && { name }) }), weigh(10))
      .aggregate({ initial: 0, store: 'sums' })
      .to(out)
    return app
  }
  assert.throws(() => build(), { code: 'STREAMS_TOPOLOGY_INVALID' })
  using driver = testDriver(build('second'))
  driver.input(inputs[0]!).pipe('x', 7)
  driver.input(inputs[1]!).pipe('y', 7)
  assert.deepEqual(driver.output(out).readAll(), [
    ['7', 7],
    ['7', 77],
  ])
})

test('keys and values must agree', () => {
  const app = topology('sums')
  const numbers = topic('numbers', { key: serdes.int32, value: serdes.json<number>() })
  const first = grouped(app, 0).cogroup(weigh(1))
  // @ts-expect-error The two sides of a join must have keys of the same type
  first.and(app.stream(numbers).groupByKey(), weigh(1))
  // @ts-expect-error an aggregate of another type
  first.aggregate({ initial: 'none' })
  first.aggregate({ initial: 0 })
})
