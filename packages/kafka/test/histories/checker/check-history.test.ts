import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Operation, Recorder, type Result, type SeenRecord } from '../history.ts'
import { checkHistory } from './check-history.ts'

const partition = 'log/0'
const at = (offset: number, value: string, where = partition): SeenRecord => ({ partition: where, offset, value })

/** Writes a history down by hand: every call ends before the next begins, unless it is left open. */
class Story {
  readonly recorder = new Recorder(() => 0)

  ok(process: string, operation: Operation, result: Result = {}): this {
    this.recorder.invoke(process, operation).ok(result)
    return this
  }

  unknown(process: string, operation: Operation): this {
    this.recorder.invoke(process, operation).unknown('KAFKA_TIMEOUT')
    return this
  }

  send(process: string, value: string, offset?: number, where = partition): this {
    return this.ok(process, { kind: 'send', partition: where, value }, offset === undefined ? {} : { offset })
  }

  poll(process: string, ...records: SeenRecord[]): this {
    return this.ok(process, { kind: 'poll', isolation: 'read_committed' }, { records })
  }

  /** A transaction up to its end. */
  begin(process: string, sends: Record<string, number>): this {
    const name = { transaction: `${process}#1`, transactionalId: process }
    this.ok(process, { kind: 'begin', ...name })
    for (const [value, offset] of Object.entries(sends)) {
      this.ok(process, { kind: 'send', partition, value, ...name }, { offset })
    }
    return this
  }

  end(process: string, kind: 'commit' | 'abort'): this {
    return this.ok(process, { kind, transaction: `${process}#1`, transactionalId: process })
  }

  /** What lies in the log in the end; all of it is visible unless told otherwise. */
  final(log: readonly SeenRecord[], visible: readonly SeenRecord[] = log): string[] {
    for (const where of new Set([...log, ...visible, at(0, '')].map((one) => one.partition))) {
      const records = log.filter((one) => one.partition === where)
      const committed = visible.filter((one) => one.partition === where)
      this.ok('observer', { kind: 'final', partition: where, isolation: 'read_uncommitted' }, { records })
      this.ok('observer', { kind: 'final', partition: where, isolation: 'read_committed' }, { records: committed })
    }
    return checkHistory(this.recorder.calls).map(({ kind }) => kind)
  }
}

const readOffsets = (group: string): Operation => ({ kind: 'readOffsets', group })
const commitOffsets = (group: string, offset: number): Operation => ({
  kind: 'commitOffsets',
  group,
  offsets: [{ partition, offset }],
})
const stands = (offset: number): Result => ({ offsets: [{ partition, offset }] })

test('a clean history has no anomaly', () => {
  const story = new Story()
    .send('p', 'a', 0)
    .send('p', 'b', 1)
    .begin('t', { c: 2, d: 3 })
    .end('t', 'commit')
    .poll('r', at(0, 'a'), at(1, 'b'))
    .poll('r', at(2, 'c'), at(3, 'd'))
  assert.deepEqual(story.final([at(0, 'a'), at(1, 'b'), at(2, 'c'), at(3, 'd')]), [])
})

test('what nobody could know the end of may be there or not', () => {
  const operation: Operation = { kind: 'send', partition, value: 'a' }
  assert.deepEqual(new Story().unknown('p', operation).final([]), [])
  assert.deepEqual(new Story().unknown('p', operation).final([at(0, 'a')]), [])
})

test('a transaction whose commit has no known end is visible as a whole or not at all', () => {
  const commit: Operation = { kind: 'commit', transaction: 't#1', transactionalId: 't' }
  const story = () => new Story().begin('t', { a: 0, b: 1 }).unknown('t', commit)
  const log = [at(0, 'a'), at(1, 'b')]
  assert.deepEqual(story().final(log), [])
  assert.deepEqual(story().final(log, []), [])
  assert.deepEqual(story().final(log, [at(0, 'a')]), ['torn-transaction'])
})

test('a commit that is asked for again has the later outcome', () => {
  const commit: Operation = { kind: 'commit', transaction: 't#1', transactionalId: 't' }
  const story = new Story().begin('t', { a: 0 }).unknown('t', commit).ok('t', commit)
  assert.deepEqual(story.final([at(0, 'a')], []), ['lost-write'])
})

test('an acknowledged write that is not there is lost', () => {
  assert.deepEqual(new Story().send('p', 'a', 0).final([]), ['lost-write'])
})

test('a value at two offsets is a duplicate', () => {
  assert.deepEqual(new Story().send('p', 'a', 0).final([at(0, 'a'), at(1, 'a')]), ['duplicate'])
})

test('an answer that names another offset than the log is inconsistent', () => {
  const kinds = new Story()
    .send('p', 'a', 1)
    .send('q', 'b')
    .final([at(0, 'a'), at(1, 'b')])
  assert.deepEqual(kinds, ['inconsistent-offsets', 'duplicate'])
})

test('a producer whose writes change places is found, whether or not they were acknowledged', () => {
  const operation = (value: string): Operation => ({ kind: 'send', partition, value })
  const story = new Story().unknown('p', operation('a')).unknown('p', operation('b'))
  assert.deepEqual(story.final([at(0, 'b'), at(1, 'a')]), ['wrong-order'])
})

test('offsets that do not rise are found among the sends of one producer', () => {
  const kinds = new Story()
    .send('p', 'a', 5)
    .send('p', 'b', 3)
    .final([at(3, 'b'), at(5, 'a')])
  assert.deepEqual(kinds, ['wrong-order', 'nonmonotonic-send'])
})

test('a poll that goes back is found, unless the partition was assigned anew', () => {
  const log = [at(0, 'a'), at(1, 'b')]
  assert.deepEqual(
    new Story()
      .poll('r', ...log)
      .poll('r', at(0, 'a'))
      .final(log),
    ['nonmonotonic-poll'],
  )
  assert.deepEqual(new Story().poll('r', at(1, 'b'), at(0, 'a')).final(log), ['internal-nonmonotonic-poll'])
  const assign: Operation = { kind: 'assign', partitions: [partition] }
  assert.deepEqual(
    new Story()
      .poll('r', ...log)
      .ok('r', assign)
      .poll('r', at(0, 'a'))
      .final(log),
    [],
  )
})

test('a record left out is found, and one that should not be seen is not missed', () => {
  const log = [at(0, 'a'), at(1, 'b'), at(2, 'c')]
  assert.deepEqual(new Story().poll('r', at(0, 'a'), at(2, 'c')).final(log), ['internal-poll-skip'])
  assert.deepEqual(new Story().poll('r', at(0, 'a')).poll('r', at(2, 'c')).final(log), ['poll-skip'])
  assert.deepEqual(new Story().poll('r', at(0, 'a'), at(2, 'c')).final(log, [at(0, 'a'), at(2, 'c')]), [])
})

test('reads of what did not commit, or not yet, are found', () => {
  const aborted = new Story().begin('t', { a: 0 }).end('t', 'abort').poll('r', at(0, 'a'))
  assert.deepEqual(aborted.final([at(0, 'a')], []), ['aborted-read'])
  const early = new Story().begin('t', { a: 0 }).poll('r', at(0, 'a')).end('t', 'commit')
  assert.deepEqual(early.final([at(0, 'a')]), ['dirty-read'])
})

test('a transaction that was never asked to commit must not be visible', () => {
  assert.deepEqual(new Story().begin('t', { a: 0 }).final([at(0, 'a')]), ['aborted-read'])
})

test('two transactions that read from each other are a circle', () => {
  const name = (process: string) => ({ transaction: `${process}#1`, transactionalId: process })
  const story = new Story().begin('t', { a: 0 }).begin('u', { b: 1 })
  const poll = (process: string, record: SeenRecord): void => {
    const { transaction } = name(process)
    story.ok(process, { kind: 'poll', isolation: 'read_uncommitted', transaction }, { records: [record] })
  }
  poll('t', at(1, 'b'))
  poll('u', at(0, 'a'))
  story.end('t', 'commit').end('u', 'commit')
  assert.deepEqual(story.final([at(0, 'a'), at(1, 'b')]), ['circular-reads'])
})

test('a stable offset behind an open transaction is found; its own commit may move it', () => {
  const poll = (stable: number): [string, Operation, Result] => [
    'r',
    { kind: 'poll', isolation: 'read_uncommitted' },
    { watermarks: [{ partition, high: 1, stable, start: 0 }] },
  ]
  const story = () => new Story().begin('t', { a: 0 })
  assert.deepEqual(
    story()
      .ok(...poll(1))
      .end('t', 'commit')
      .final([at(0, 'a')]),
    ['stable-past-open'],
  )
  assert.deepEqual(
    story()
      .ok(...poll(0))
      .end('t', 'commit')
      .ok(...poll(1))
      .final([at(0, 'a')]),
    [],
  )
  assert.deepEqual(
    story()
      .ok(...poll(0))
      .end('t', 'commit')
      .ok(...poll(1))
      .ok(...poll(0))
      .final([at(0, 'a')]),
    ['watermark-backwards'],
  )
})

test('a producer that goes on after its successor is a zombie', () => {
  const init: Operation = { kind: 'init', transactionalId: 't' }
  const send = (value: string): Operation => ({
    kind: 'send',
    partition,
    value,
    transaction: 'old#1',
    transactionalId: 't',
  })
  const begin: Operation = { kind: 'begin', transaction: 'old#1', transactionalId: 't' }
  const story = () => new Story().ok('old', init).ok('old', begin).ok('old', send('a'), { offset: 0 }).ok('new', init)
  assert.deepEqual(
    story()
      .unknown('old', send('b'))
      .final([at(0, 'a')], []),
    [],
  )
  assert.deepEqual(
    story()
      .ok('old', send('b'), { offset: 2 })
      .final([at(0, 'a'), at(2, 'b')], []),
    ['zombie-write'],
  )
})

test('committed offsets go forward and come from commits', () => {
  const log = [at(0, 'a'), at(1, 'b')]
  const polled = () => {
    const story = new Story()
    return story.ok('m', { kind: 'poll', isolation: 'read_committed', group: 'g' }, { records: log })
  }
  const committed = () => polled().ok('m', commitOffsets('g', 2))
  assert.deepEqual(committed().ok('w', readOffsets('g'), stands(2)).final(log), [])
  assert.deepEqual(committed().ok('w', readOffsets('g')).final(log), ['offsets-backwards'])
  assert.deepEqual(polled().ok('w', readOffsets('g'), stands(1)).final(log), ['aborted-offsets'])
})

test('a group that stands behind records that no member got has left them unseen', () => {
  const log = [at(0, 'a'), at(1, 'b')]
  const story = new Story().ok(
    'm',
    { kind: 'poll', isolation: 'read_committed', group: 'g' },
    { records: [at(1, 'b')] },
  )
  assert.deepEqual(story.ok('m', commitOffsets('g', 2)).ok('w', readOffsets('g'), stands(2)).final(log), ['unseen'])
})

/** A processor gets `a` and commits its offset with what it made of it. */
function processed(times: number, commits: boolean): Story {
  const story = new Story().send('p', 'a', 0)
  story.ok('x', { kind: 'poll', isolation: 'read_committed', group: 'g' }, { records: [at(0, 'a')] })
  for (let life = 1; life <= times; life++) {
    const name = { transaction: `x${life}#1`, transactionalId: 'x' }
    story.ok(`x${life}`, { kind: 'begin', ...name })
    const result: Operation = { kind: 'send', partition: 'out/0', value: `result-${life}`, from: 'a', ...name }
    story.ok(`x${life}`, result, { offset: life })
    const { transaction } = name
    story.ok(`x${life}`, { kind: 'commitOffsets', group: 'g', offsets: [{ partition, offset: 1 }], transaction })
    story.ok(`x${life}`, { kind: commits ? 'commit' : 'abort', ...name })
  }
  return story
}

test('results come once for each record whose offset is committed', () => {
  const once = [at(0, 'a'), at(1, 'result-1', 'out/0')]
  assert.deepEqual(processed(1, true).ok('w', readOffsets('g'), stands(1)).final(once), [])
  const twice = [...once, at(2, 'result-2', 'out/0')]
  assert.deepEqual(processed(2, true).ok('w', readOffsets('g'), stands(1)).final(twice), ['processed-twice'])
  const aborted = processed(1, false)
    .ok('w', readOffsets('g'), stands(1))
    .final(once, [at(0, 'a')])
  assert.deepEqual(aborted, ['aborted-offsets', 'processed-never'])
})
