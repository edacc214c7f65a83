import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkOptions, type OptionRules, resolveLimits } from './internal.ts'

interface Options {
  readonly brokers?: string | string[]
  readonly requestTimeoutMs?: number
  readonly compression?: 'none' | 'gzip'
  readonly onError?: () => void
}

const rules: OptionRules<Options> = {
  brokers: ['string', 'array'],
  requestTimeoutMs: { min: 1, max: 60_000, integer: true },
  compression: { oneOf: ['none', 'gzip'] },
  onError: 'function',
}

const check = (options: unknown): void =>
  checkOptions('kafkaClient', options as Options, rules, { required: ['brokers'] })

test('options that fit are accepted, and undefined counts as not given', () => {
  check({ brokers: 'a:1', requestTimeoutMs: 5, compression: 'gzip', onError: () => {}, unknown: undefined })
  check({ brokers: ['a:1'] })
})

const refused = [
  [{ broker: 'a:1' }, 'CONFIG_UNKNOWN_OPTION', /kafkaClient has no option `broker`; did you mean `brokers`\?/],
  [{ requestTimeoutMS: 5 }, 'CONFIG_UNKNOWN_OPTION', /did you mean `requestTimeoutMs`/],
  [{ requestTimeuotMs: 5 }, 'CONFIG_UNKNOWN_OPTION', /did you mean `requestTimeoutMs`/],
  [{ zzz: 5 }, 'CONFIG_UNKNOWN_OPTION', /known are brokers, requestTimeoutMs/],
  [{ toString: 5 }, 'CONFIG_UNKNOWN_OPTION', /no option `toString`/],
  [{ brokers: 'a', requestTimeoutMs: 0 }, 'CONFIG_INVALID_OPTION', /a whole number from 1 to 60000, not 0/],
  [{ brokers: 'a', requestTimeoutMs: 1.5 }, 'CONFIG_INVALID_OPTION', /a whole number/],
  [{ brokers: 'a', requestTimeoutMs: Number.NaN }, 'CONFIG_INVALID_OPTION', /a whole number/],
  [{ brokers: 'a', requestTimeoutMs: '5' }, 'CONFIG_INVALID_OPTION', /not a string/],
  [{ brokers: 'a', compression: 'zip' }, 'CONFIG_INVALID_OPTION', /one of "none", "gzip", not "zip"/],
  [{ brokers: 5 }, 'CONFIG_INVALID_OPTION', /a string or an array, not 5/],
  [{}, 'CONFIG_MISSING_OPTION', /needs the option `brokers`/],
  [null, 'CONFIG_INVALID_OPTION', /takes an options object, not null/],
] as const

for (const [options, code, message] of refused) {
  test(`${JSON.stringify(options)} is refused: ${message.source}`, () => {
    assert.throws(() => check(options), { code, message, retriable: false })
  })
}

test('a refused string is not quoted, since it may be a password', () => {
  assert.throws(
    () => check({ brokers: 'a', requestTimeoutMs: 'swordfish' }),
    (error: Error) => !/swordfish/.test(error.message),
  )
})

test('limits take their defaults, and given ones are held to their bounds', () => {
  const limits = { queueMaxRecords: { default: 1000, min: 1, max: 5000, reached: 'Reading pauses.' } } as const
  assert.deepEqual(resolveLimits('consume', limits), { queueMaxRecords: 1000 })
  assert.deepEqual(resolveLimits('consume', limits, { queueMaxRecords: 7 }), { queueMaxRecords: 7 })
  assert.throws(() => resolveLimits('consume', limits, { queueMaxRecords: 0 }), { code: 'CONFIG_INVALID_OPTION' })
  assert.throws(() => resolveLimits('consume', limits, { queueMaxRecord: 5 } as never), {
    message: /did you mean `queueMaxRecords`/,
  })
})
