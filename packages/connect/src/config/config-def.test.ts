import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { isMillraceError } from '@millrace/base'
import { configDef } from './config-def.ts'
import { configInfos } from './config-infos.ts'
import { between, nonEmpty } from './config-key.ts'

const definition = configDef(
  {
    'batch.size': { type: 'int', default: 500, valid: between(1), importance: 'low', doc: 'Rows.', group: 'Writes' },
    topics: { type: 'list', valid: nonEmpty, importance: 'high', doc: 'Topics.' },
    'insert.mode': {
      type: 'string',
      oneOf: ['insert', 'upsert'],
      ignoreCase: true,
      default: 'insert',
      importance: 'high',
      doc: 'Mode.',
      group: 'Writes',
      dependents: ['pk.fields'],
    },
    'pk.fields': {
      type: 'list',
      default: [],
      importance: 'medium',
      doc: 'Key.',
      recommend: (values) => ({ visible: values['insert.mode'] === 'upsert' }),
    },
    password: { type: 'password', default: null, importance: 'high', doc: 'Password.' },
    quote: { type: 'string', default: null, importance: 'low', doc: '', notSupported: 'names are always quoted' },
  },
  { passThrough: ['producer.override.'] },
)

test('properties become typed values, defaults included', () => {
  const config = definition.parse('sink', { topics: ' a , b', 'insert.mode': 'UPSERT', password: 'geheim' })
  const mode: 'insert' | 'upsert' = config['insert.mode']
  assert.equal(mode, 'upsert')
  assert.deepEqual(config.topics, ['a', 'b'])
  assert.equal(config['batch.size'], 500)
  assert.equal(config.password?.reveal(), 'geheim')
  assert.equal(config.quote, undefined)
})

test('everything that is wrong is told at once, with the name that was probably meant', () => {
  const properties = {
    'batch.sizes': '3',
    'batch.size': '0',
    'insert.mode': 'merge',
    quote: 'x',
    'producer.override.acks': '1',
  }
  const error = thrown(() => definition.parse('sink', properties))
  assert.ok(isMillraceError(error) && error.code === 'CONNECT_CONFIG_INVALID')
  assert.equal(
    error.message,
    'sink: Configuration is not defined: batch.sizes (did you mean batch.size?); ' +
      'Invalid value 0 for configuration batch.size: Value must be at least 1; ' +
      'Missing required configuration "topics" which has no default value.; ' +
      'Invalid value merge for configuration insert.mode: String must be one of: insert, upsert; ' +
      'Configuration quote is not supported: names are always quoted',
  )
})

test('numbers and booleans are read as Kafka reads them', () => {
  const numbers = configDef({
    short: { type: 'short', default: 1, importance: 'low', doc: '' },
    long: { type: 'long', default: 1, importance: 'low', doc: '' },
    double: { type: 'double', default: 1, importance: 'low', doc: '' },
    boolean: { type: 'boolean', default: true, importance: 'low', doc: '' },
  })
  const good = numbers.parse('x', { short: '+7', long: ' -9007199254740991 ', double: '1e3', boolean: 'FALSE' })
  assert.deepEqual({ ...good }, { short: 7, long: -9007199254740991, double: 1000, boolean: false })
  for (const [name, text] of [
    ['short', '40000'],
    ['long', '1.5'],
    ['long', ''],
    ['double', 'x'],
    ['boolean', 'yes'],
  ]) {
    assert.throws(() => numbers.parse('x', { [name!]: text }), { code: 'CONNECT_CONFIG_INVALID' }, `${name}=${text}`)
  }
})

test('the answer to validate has definition, value and errors of every name, and never a password', () => {
  const infos = configInfos('Sink', definition, { topics: 'a', password: 'geheim', 'insert.mod': 'x' })
  assert.equal(infos.error_count, 1)
  assert.deepEqual(infos.groups, ['Writes'])
  assert.deepEqual(infos.configs[0], {
    definition: null,
    value: {
      name: 'insert.mod',
      value: null,
      recommended_values: [],
      errors: ['Configuration is not defined: insert.mod (did you mean insert.mode?)'],
      visible: true,
    },
  })
  const byName = new Map(infos.configs.map((info) => [info.value.name, info]))
  assert.deepEqual(byName.get('insert.mode'), {
    definition: {
      name: 'insert.mode',
      type: 'STRING',
      required: false,
      default_value: 'insert',
      importance: 'HIGH',
      documentation: 'Mode.',
      group: 'Writes',
      width: 'NONE',
      display_name: 'insert.mode',
      dependents: ['pk.fields'],
      order: 2,
    },
    value: {
      name: 'insert.mode',
      value: 'insert',
      recommended_values: ['insert', 'upsert'],
      errors: [],
      visible: true,
    },
  })
  assert.equal(byName.get('pk.fields')!.value.visible, false)
  assert.equal(byName.get('topics')!.definition!.required, true)
  assert.doesNotMatch(JSON.stringify(infos), /geheim/)
})

test('a password that is not allowed is not shown in the error either', () => {
  const strict = configDef({ p: { type: 'password', importance: 'high', doc: '', valid: () => 'too short' } })
  const error = thrown(() => strict.parse('x', { p: 'geheim' })) as Error
  assert.match(error.message, /Invalid value \[hidden\] for configuration p: too short/)
  const { password } = definition.parse('sink', { topics: 'a', password: 'geheim' })
  assert.doesNotMatch(`${password} ${JSON.stringify({ password })} ${inspect({ password })}`, /geheim/)
})

test('of a value that was filled in, only the reference is shown, also where it is wrong', () => {
  const numbers = configDef({ port: { type: 'int', importance: 'high', doc: '' } })
  const [properties, given] = [{ port: 'geheim' }, { port: 'reference' }]
  const error = thrown(() => numbers.parse('x', properties, given)) as Error
  assert.equal(error.message, 'x: Invalid value reference for configuration port: what it refers to is not allowed')
  const infos = configInfos('X', numbers, properties, given)
  assert.equal(infos.configs[0]!.value.value, 'reference')
  assert.doesNotMatch(JSON.stringify(infos), /geheim/)
})

test('what must hold between names is told of one of them, under a prefix and in a joined definition too', () => {
  const keys = {
    fields: { type: 'list', importance: 'low', doc: '' },
    headers: { type: 'list', importance: 'low', doc: '' },
  } as const
  const rule = {
    name: 'headers',
    problem: (values: Readonly<Record<string, unknown>>) => {
      return String(values.headers) === String(values.fields) ? undefined : 'not the same as fields'
    },
  }
  const whole = configDef(keys, { rules: [rule] })
    .under('transforms.a.', 'A')
    .and(definition)
  const properties = { topics: 't', 'transforms.a.fields': 'x', 'transforms.a.headers': 'y' }
  const errors = whole.validate(properties).flatMap((result) => result.errors)
  assert.deepEqual(errors, ['Configuration transforms.a.headers: not the same as fields'])
  assert.deepEqual(
    whole.validate({ ...properties, 'transforms.a.headers': 'x' }).flatMap((result) => result.errors),
    [],
  )
})

test('definitions are joined and put under a prefix, dependents and recommendations with them', () => {
  const both = definition.and(configDef({ extra: { type: 'boolean', default: false, importance: 'low', doc: '' } }))
  assert.equal(both.parse('x', { topics: 'a', extra: 'true' }).extra, true)
  const under = definition.under('transforms.a.', 'Transforms: a')
  assert.deepEqual(under.keys['transforms.a.insert.mode']!.dependents, ['transforms.a.pk.fields'])
  const results = under.validate({ 'transforms.a.topics': 'x', 'transforms.a.insert.mode': 'upsert' })
  assert.equal(results.find(({ name }) => name === 'transforms.a.pk.fields')!.visible, true)
})

function thrown(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
