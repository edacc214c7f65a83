import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { joinWindows, type KStream, topology } from '../../index.ts'
import { type TestDriver, testDriver } from '../../testing.ts'
import { memoryStores } from '../stores/memory-store.ts'

const left = topic('left', { key: serdes.string, value: serdes.string })
const right = topic('right', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

type Texts = KStream<string, string>
type Kind = 'join' | 'leftJoin' | 'outerJoin'
const both = (a: string | null, b: string | null): string => `${a}+${b}`

function program(kind: Kind, within = joinWindows({ differenceMs: 10 })) {
  return () => {
    const app = topology('joins')
    const one: Texts = app.stream(left)
    const two: Texts = app.stream(right)
    const options = { within, store: 'j' }
    if (kind === 'join') one.join(two, both, options).to(out)
    else if (kind === 'leftJoin') one.leftJoin(two, both, options).to(out)
    else one.outerJoin(two, both, options).to(out)
    return app
  }
}

type Step = readonly [side: 'left' | 'right', timestamp: number, value: string | null, key?: string | null]

function play(driver: TestDriver, steps: readonly Step[]): string[] {
  for (const [side, timestamp, value, key = 'k'] of steps) {
    driver.input(side === 'left' ? left : right).pipe(key, value, { timestamp })
  }
  return driver
    .output(out)
    .readRecords()
    .map(({ key, value, timestamp }) => `${key}:${value}@${timestamp}`)
}

function run(kind: Kind, steps: readonly Step[], within?: ReturnType<typeof joinWindows>): string[] {
  using driver = testDriver(program(kind, within))
  return play(driver, steps)
}

test('records of one key meet within the window, both ends included, at the later of their times', () => {
  const steps: Step[] = [
    ['left', 100, 'a'],
    ['right', 90, 'w'],
    ['right', 89, 'x'],
    ['right', 110, 'y'],
    ['right', 111, 'z'],
    ['right', 100, 'other', 'k2'],
  ]
  assert.deepEqual(run('join', steps), ['k:a+w@100', 'k:a+y@110'])
})

test('every pair is joined once, duplicates of one time too', () => {
  const steps: Step[] = [
    ['left', 100, 'a'],
    ['left', 100, 'a2'],
    ['right', 100, 'x'],
    ['right', 100, 'x'],
    ['left', 101, 'b'],
  ]
  assert.deepEqual(run('join', steps), ['k:a+x@100', 'k:a2+x@100', 'k:a+x@100', 'k:a2+x@100', 'k:b+x@101', 'k:b+x@101'])
})

test('before and after are seen from the left stream', () => {
  const within = joinWindows({ beforeMs: 0, afterMs: 10 })
  const steps: Step[] = [
    ['left', 100, 'a'],
    ['right', 99, 'early'],
    ['right', 105, 'x'],
    ['left', 106, 'b'],
    ['left', 95, 'c'],
  ]
  assert.deepEqual(run('join', steps, within), ['k:a+x@105', 'k:c+early@99', 'k:c+x@105'])
})

test('a record that found no partner is a result of a left join once its window has closed, and only once', () => {
  const steps: Step[] = [
    ['left', 100, 'a'],
    ['right', 110, 'x', 'other'],
    ['right', 111, 'y', 'other'],
    ['right', 130, 'z', 'other'],
  ]
  assert.deepEqual(run('leftJoin', steps), ['k:a+null@100'])
})

test('grace holds the result of a record without partner back, and lets a late partner in', () => {
  const within = joinWindows({ differenceMs: 10, graceMs: 20 })
  const waits: Step[] = [
    ['left', 100, 'a'],
    ['left', 101, 'b', 'k2'],
    ['right', 130, 'x', 'other'],
  ]
  assert.deepEqual(run('leftJoin', waits, within), [])
  assert.deepEqual(run('leftJoin', [...waits, ['right', 105, 'late'], ['right', 140, 'y', 'other']], within), [
    'k:a+late@105',
    'k2:b+null@101',
  ])
})

test('an outer join has results for lone records of both sides, in order of time', () => {
  const steps: Step[] = [
    ['right', 100, 'x'],
    ['left', 101, 'a', 'k2'],
    ['left', 102, 'b', 'k3'],
    ['left', 200, 'end', 'k4'],
  ]
  assert.deepEqual(run('outerJoin', steps), ['k:null+x@100', 'k2:a+null@101', 'k3:b+null@102'])
})

test('a record whose window has passed when it comes is a result at once', () => {
  const steps: Step[] = [
    ['left', 200, 'a', 'other'],
    ['left', 100, 'late'],
  ]
  assert.deepEqual(run('leftJoin', steps), ['k:late+null@100'])
  assert.deepEqual(run('join', steps), [])
})

test('records without key are results of the outer side alone, those without value of neither', () => {
  const steps: Step[] = [
    ['left', 1, 'a', null],
    ['right', 1, 'x', null],
    ['left', 1, null],
  ]
  assert.deepEqual(run('outerJoin', steps), ['null:a+null@1', 'null:null+x@1'])
  assert.deepEqual(run('leftJoin', steps), ['null:a+null@1'])
  using driver = testDriver(program('join'))
  assert.deepEqual(play(driver, steps), [])
  assert.deepEqual(driver.dropped(), { 'null-key': 2, 'null-value': 1 })
})

test('a stream can be joined with itself', () => {
  using driver = testDriver(() => {
    const app = topology('joins')
    const stream = app.stream(left)
    stream.join(stream, both, { within: joinWindows({ differenceMs: 10 }) }).to(out)
    return app
  })
  assert.deepEqual(
    play(driver, [
      ['left', 100, 'a'],
      ['left', 105, 'b'],
    ]),
    ['k:a+a@100', 'k:b+a@105', 'k:a+b@105', 'k:b+b@105'],
  )
})

test('joined with itself from one store, a stream has the results that it has from two', () => {
  const results = (optimize: boolean): string[] => {
    const app = topology('joins', { optimize })
    const stream = app.stream(left)
    stream.join(stream, both, { within: joinWindows({ beforeMs: 5, afterMs: 10, graceMs: 3 }) }).to(out)
    assert.equal(app.describe().includes('JOINOTHER'), !optimize)
    using driver = testDriver(app)
    return play(driver, [
      ['left', 100, 'a'],
      ['left', 105, 'b'],
      ['left', 105, 'c'],
      ['left', 97, 'd'],
      ['left', 103, 'e', 'k2'],
      ['left', 111, 'f'],
      ['left', 200, 'g'],
      ['left', 150, 'late'],
      ['left', 190, 'h'],
    ])
  }
  assert.deepEqual(results(true), results(false))
})

test('what waits for a partner survives a restart', () => {
  const stores = memoryStores()
  {
    using driver = testDriver(program('leftJoin'), { stores })
    assert.deepEqual(
      play(driver, [
        ['left', 100, 'a'],
        ['left', 100, 'b', 'k2'],
      ]),
      [],
    )
  }
  using driver = testDriver(program('leftJoin'), { stores })
  assert.deepEqual(
    play(driver, [
      ['left', 100, 'c'],
      ['right', 101, 'x'],
      ['right', 150, 'end', 'other'],
    ]),
    ['k:a+x@101', 'k:c+x@101', 'k2:b+null@100'],
  )
})

test('windows that hold nothing, and joins without window, are refused', () => {
  assert.throws(() => joinWindows({ beforeMs: -10, afterMs: 5 }), { code: 'STREAMS_TOPOLOGY_INVALID' })
  assert.throws(() => joinWindows({ differenceMs: -1 }), { code: 'STREAMS_TOPOLOGY_INVALID' })
  const app = topology('joins')
  const stream = app.stream(left)
  assert.throws(() => stream.join(app.stream(right), both, {} as never), { message: /within/ })
})
