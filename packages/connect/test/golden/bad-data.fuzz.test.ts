import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serialize } from 'node:v8'
import { isMillraceError, randomInt, seededRandom } from '@millrace/base'
import { converterPlugins, headerConverterPlugins } from '../../src/converters/converters.ts'
import { JsonConverter } from '../../src/converters/json-converter.ts'
import type { ConnectRecord, SchemaAndValue } from '../../src/data/record.ts'
import { transformPlugins } from '../../src/transforms/plugins.ts'
import type { Transform } from '../../src/transforms/transform.ts'
import { goldenGroups } from './fixtures.ts'
import { dataText, type GoldenCase } from './golden-case.ts'

const cases = goldenGroups.flatMap((group) => group.cases)
const mutations = 500
const seed = 20
const converter = new JsonConverter({ 'replace.null.with.default': 'false' })

test('every transform takes or refuses the data of all the others, breaks on none and changes none', () => {
  const records = distinctData().flatMap(recordsOf)
  const before = serialize(records)
  const unexpected = new Set<string>()
  let applied = 0
  for (const { name, transform } of distinctTransforms()) {
    for (const record of records) {
      applied++
      const error = errorOf(() => transform.apply(record))
      const isRefusal = isMillraceError(error) && error.code === 'CONNECT_TRANSFORM_FAILED'
      if (error !== undefined && !isRefusal) unexpected.add(`${name}: ${error}`)
    }
  }
  assert.ok(applied > 10_000)
  assert.deepEqual([...unexpected], [])
  assert.ok(serialize(records).equals(before), 'a transform changed the record that it was given')
})

test('bytes that somebody changed are read or refused, and what was read can be written again', () => {
  const random = seededRandom(seed)
  const texts = distinctData()
  const converters = converterPlugins.map((plugin) => plugin.create({}, { isKey: false }))
  const headers = headerConverterPlugins.map((plugin) => plugin.create({}))
  for (let round = 0; round < mutations; round++) {
    const bytes = mutated(Buffer.from(texts[randomInt(random, texts.length)]!), random)
    for (const converter of [...converters, new JsonConverter({ 'schemas.enable': 'false' })]) {
      const name = `${converter.constructor.name}, seed ${seed}, round ${round}`
      checked(name, () => converter.fromConnect('t', [], converter.toConnect('t', [], bytes)))
    }
    for (const converter of headers) {
      const name = `${converter.constructor.name}, seed ${seed}, round ${round}`
      checked(name, () => converter.fromConnectHeader('t', 'h', converter.toConnectHeader('t', 'h', bytes)))
    }
  }
})

function checked(name: string, work: () => unknown): void {
  const error = errorOf(work)
  if (error === undefined) return
  assert.ok(isMillraceError(error) && error.code === 'CONNECT_CONVERT_FAILED', `${name}: ${(error as Error).stack}`)
}

function mutated(bytes: Buffer, random: ReturnType<typeof seededRandom>): Buffer {
  const copy = Buffer.from(bytes)
  const changes = 1 + randomInt(random, 3)
  for (let change = 0; change < changes; change++) {
    const at = randomInt(random, copy.length)
    const other = '{}[]",:0123456789eE.-nulltrue \\'
    copy[at] = random.next() < 0.2 ? randomInt(random, 256) : other.charCodeAt(randomInt(random, other.length))
  }
  return random.next() < 0.2 ? copy.subarray(0, 1 + randomInt(random, copy.length)) : copy
}

function distinctData(): string[] {
  const forms = cases.flatMap(({ data, record }) => [data, record?.key, record?.value].map(dataText))
  return [...new Set(forms)].filter((text) => text !== null)
}

function recordsOf(text: string): ConnectRecord[] {
  let data: SchemaAndValue
  try {
    data = converter.toConnect('t', [], Buffer.from(text))
  } catch {
    return []
  }
  const nothing: SchemaAndValue = { schema: undefined, value: null }
  const base = { topic: 'topic', partition: undefined, timestampMs: undefined, headers: [{ key: 'h1', ...data }] }
  return [
    { ...base, key: data, value: data },
    { ...base, key: nothing, value: data, offset: 5, timestampMs: 1 },
    { ...base, key: data, value: { schema: data.schema, value: null } },
  ]
}

function distinctTransforms(): { readonly name: string; readonly transform: Transform }[] {
  const byConfig = new Map<string, GoldenCase>()
  for (const each of cases) {
    if (each.does === 'transform') byConfig.set(JSON.stringify([each.class, each.config]), each)
  }
  return [...byConfig].flatMap(([name, { class: className, config }]) => {
    const plugin = transformPlugins.find(({ classNames }) => classNames[0] === className)!
    try {
      return [{ name, transform: plugin.create(config ?? {}) }]
    } catch {
      return []
    }
  })
}

function errorOf(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}
