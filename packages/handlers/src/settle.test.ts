import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorFactory, seededRandom } from '@millrace/base'
import { redriveHeaders, resolveLimits, VirtualClock } from '@millrace/base/internal'
import { type Serde, serdes, topic } from '@millrace/contracts'
import { notReady } from '@millrace/contracts/internal'
import { handlerLimits } from './limits.ts'
import type { RawMessage } from './message.ts'
import { HandlerMetrics, type Outcome } from './metrics.ts'
import { Permits } from './permits.ts'
import { type FailurePolicy, makeSettle } from './settle.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<{ amount: number }>() })
const away = errorFactory({ AWAY: { retriable: true, cause: 'Away.', remedy: 'Wait.' } })
const connectionRefused = (): Error => Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })

const raw = (value: string, offset = 7): RawMessage => ({
  topic: 'order',
  partition: 1,
  offset,
  timestamp: 0,
  keyBytes: Buffer.from('k'),
  valueBytes: Buffer.from(value),
  headers: [],
})

interface Setting {
  readonly policy?: FailurePolicy
  /** What each attempt throws; none: it succeeds. */
  readonly attempts?: readonly (Error | undefined)[]
  readonly letters?: readonly (Error | undefined)[]
  readonly isNew?: boolean
  readonly contract?: typeof order
  readonly maxAttempts?: number
}

/** Settles one message on virtual time. */
async function settled(message: RawMessage, setting: Setting, stop = new AbortController()) {
  const clock = new VirtualClock()
  const seen = { attempts: [] as number[], letters: [] as string[], tries: 0, letterTries: 0 }
  const metrics = new HandlerMetrics('g', 'order')
  let result: { outcome?: Outcome; error?: Error & { code?: string; cause?: unknown } } | undefined
  const settle = makeSettle({
    contract: setting.contract ?? order,
    groupId: 'g',
    limits: resolveLimits('test', handlerLimits, { maxAttempts: setting.maxAttempts }),
    clock,
    random: seededRandom(1),
    permits: new Permits(1),
    metrics,
    deadLetters: {
      send: async (_, { stage, attempt }) => {
        const error = setting.letters?.[seen.letterTries++]
        if (error) throw error
        seen.letters.push(`${stage} ${attempt}`)
      },
    },
    policy: () => setting.policy ?? 'fail',
    attempt: async (_, attempt) => {
      seen.attempts.push(attempt)
      const error = setting.attempts?.[seen.tries++]
      if (error) throw error
      return setting.isNew ?? true
    },
  })
  settle(message, stop.signal).then(
    (outcome) => (result = { outcome }),
    (error) => (result = { error }),
  )
  while (!result) {
    for (let i = 0; i < 20; i++) await null
    const due = clock.nextDueMs()
    if (due !== undefined && !result) clock.advanceTo(due)
  }
  return { ...result, ...seen, metrics, atMs: clock.now() }
}

test('a message is handled by its first successful attempt', async () => {
  const { outcome, attempts } = await settled(raw('{"amount":1}'), { attempts: [new Error('once'), undefined] })
  assert.equal(outcome, 'handled')
  assert.deepEqual(attempts, [1, 2])
})

test('an event that was handled before is a duplicate', async () => {
  assert.equal((await settled(raw('{}'), { isNew: false })).outcome, 'duplicate')
})

test('when the attempts are used up the policy decides', async () => {
  const failing = { attempts: Array.from({ length: 9 }, () => new RangeError('too much')), maxAttempts: 3 }
  const failed = await settled(raw('{}'), { ...failing, policy: 'fail' })
  assert.equal(failed.error?.code, 'HANDLER_FAILED')
  assert.match(failed.error?.message ?? '', /order-1 at offset 7 .* too much/)
  assert.deepEqual(failed.attempts, [1, 2, 3])
  const skipped = await settled(raw('{}'), { ...failing, policy: 'skip' })
  assert.deepEqual([skipped.outcome, skipped.letters], ['skipped', []])
  const set = await settled(raw('{}'), { ...failing, policy: 'dead-letter' })
  assert.deepEqual([set.outcome, set.letters], ['dead_letter', ['process 3']])
})

test('a message that cannot be decoded is not attempted', async () => {
  const { outcome, attempts, letters } = await settled(raw('{'), { policy: 'dead-letter' })
  assert.deepEqual([outcome, attempts, letters], ['dead_letter', [], ['deserialize 1']])
})

test('a message whose schema is on its way is waited for through an outage of the registry, and not set aside', async () => {
  let asked = 0
  const json = serdes.json<{ amount: number }>()
  const value: Serde<{ amount: number }> = {
    ...json,
    deserialize(bytes) {
      asked++
      if (asked === 5) return json.deserialize(bytes)
      throw notReady('on its way', asked === 4 ? Promise.resolve() : Promise.reject(away('AWAY', 'away')))
    },
  }
  const contract = topic('order', { key: serdes.string, value })
  const { outcome, attempts, letters } = await settled(raw('{"amount":1}'), { contract, policy: 'dead-letter' })
  assert.deepEqual([outcome, attempts, letters, asked], ['handled', [1], [], 5])
})

for (const [what, outage] of [
  ['a refused connection', connectionRefused],
  ['a retriable error of Millrace', () => away('AWAY', 'away')],
  ['a deadlock', () => Object.assign(new Error('deadlock'), { code: '40P01' })],
] as const) {
  test(`${what} pauses and uses up no attempt`, async () => {
    const attempts = [...Array.from({ length: 50 }, outage), undefined]
    const {
      outcome,
      attempts: made,
      letters,
      atMs,
      metrics,
    } = await settled(raw('{}'), { attempts, policy: 'dead-letter', maxAttempts: 1 })
    assert.deepEqual([outcome, letters, made.length, new Set(made).size], ['handled', [], 51, 1])
    // Pauses grow to ten seconds, so that a database that comes back is not trampled.
    assert.ok(atMs > 100_000, `${atMs}`)
    assert.equal(metrics.inOutage, 0)
  })
}

test('a broker that is away delays a dead letter and does not lose it', async () => {
  const letters = [away('AWAY', 'away'), away('AWAY', 'away'), undefined]
  const result = await settled(raw('{'), { policy: 'dead-letter', letters })
  assert.deepEqual([result.outcome, result.letters], ['dead_letter', ['deserialize 1']])
})

test('stopping ends the wait for something that is away, and the message stays unfinished', async () => {
  const stop = new AbortController()
  const reason = new Error('stop')
  const attempts = Array.from({ length: 100 }, connectionRefused)
  const pending = settled(raw('{}'), { attempts }, stop)
  stop.abort(reason)
  assert.equal((await pending).error, reason)
})

test('a contract that cannot work fails the handler instead of setting every record aside', async () => {
  const { error, letters } = await settledUnderAsyncSchema()
  assert.deepEqual([error?.code, letters], ['HANDLER_FAILED', 0])
})

/** Settles under a contract whose value schema is asynchronous. */
async function settledUnderAsyncSchema(): Promise<{ error: (Error & { code?: string }) | undefined; letters: number }> {
  const validate = async () => ({ value: 1 })
  const later = topic('order', { key: serdes.string, value: { '~standard': { version: 1, vendor: 'own', validate } } })
  let letters = 0
  const settle = makeSettle({
    contract: later,
    groupId: 'g',
    limits: resolveLimits('test', handlerLimits),
    clock: new VirtualClock(),
    random: seededRandom(1),
    permits: new Permits(1),
    metrics: new HandlerMetrics('g', 'order'),
    deadLetters: { send: async () => void letters++ },
    policy: () => 'dead-letter',
    attempt: async () => true,
  })
  const error = await settle(raw('1'), new AbortController().signal).then(
    () => undefined,
    (thrown: Error) => thrown,
  )
  return { error, letters }
}

test('a record that came back for another group is left out, for this group handled', async () => {
  const backFor = (application: string): RawMessage => ({
    ...raw('{"amount":1}'),
    headers: redriveHeaders({ topic: 'order', origin: 'order/1/3@0', application, count: 1 }),
  })
  const other = await settled(backFor('someone-else'), {})
  assert.deepEqual([other.outcome, other.attempts], ['skipped', []])
  assert.equal((await settled(backFor('g'), {})).outcome, 'handled')
  assert.equal((await settled(backFor(''), {})).outcome, 'handled')
})
