import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import type { ConnectRecord } from '../../data/record.ts'
import type { ConnectSchema } from '../../data/schema.ts'
import { eventRouter } from './event-router.ts'
import { parseProperties } from './tracing-context.ts'

test('properties are read as java.util.Properties writes them', () => {
  // What store() of Java 17 made of these entries.
  const text = `#Tue Nov 14 22:13:20 UTC 2023
traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
tracestate=a\\=1,b\\:2
with\\ space=\\ leading
unicode=\\u00E9\\uD83D\\uDEB2
back\\\\slash=tab\\there
empty=
`
  assert.deepEqual(parseProperties(text), {
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'a=1,b:2',
    'with space': ' leading',
    unicode: 'é🚲',
    'back\\slash': 'tab\there',
    empty: '',
  })
})

const text: ConnectSchema = { type: 'string', optional: true }
const row: ConnectSchema = {
  type: 'struct',
  optional: true,
  fields: ['id', 'aggregatetype', 'aggregateid', 'payload', 'tracingspancontext', 'mycontext'].map((name) => ({
    name,
    schema: text,
  })),
}
const envelope: ConnectSchema = {
  type: 'struct',
  name: 'server.Envelope',
  fields: [
    { name: 'after', schema: row },
    { name: 'op', schema: { type: 'string' } },
    { name: 'ts_ms', schema: { type: 'int64' } },
  ],
}

function inserted(columns: object): ConnectRecord {
  const after = { id: 'e1', aggregatetype: 'order', aggregateid: 'o1', payload: '{}', ...columns }
  const nothing = { schema: undefined, value: null }
  const value = { schema: envelope, value: { after, op: 'c', ts_ms: 5n } }
  return { topic: 't', partition: undefined, timestampMs: undefined, key: nothing, value, headers: [] }
}

/** Headers of the event, and what the diagnostics channel was told meanwhile. */
function routed(config: Record<string, string>, columns: object): { headers: [string, unknown][]; told: unknown[] } {
  const told: unknown[] = []
  const listener = (message: unknown): void => void told.push(message)
  subscribe('millrace:connect:trace', listener)
  try {
    const event = eventRouter.create(config).apply(inserted(columns))!
    return { headers: event.headers.map(({ key, value }) => [key, value]), told }
  } finally {
    unsubscribe('millrace:connect:trace', listener)
  }
}

test('the writer’s tracing context becomes headers, and is told with the name of the operation', () => {
  const { headers, told } = routed(
    { 'tracing.operation.name': 'relay' },
    { tracingspancontext: 'traceparent=00-1-2-01\n' },
  )
  assert.deepEqual(headers, [
    ['id', 'e1'],
    ['traceparent', '00-1-2-01'],
  ])
  const context = { traceparent: '00-1-2-01' }
  assert.deepEqual(told, [{ operation: 'relay', topic: 'outbox.event.order', eventId: 'e1', context }])
})

test('the context may stand in another column', () => {
  const columns = { tracingspancontext: 'a=1', mycontext: 'b=2' }
  assert.deepEqual(routed({ 'tracing.span.context.field': 'mycontext' }, columns).headers[1], ['b', '2'])
})

test('events without a context are told only where that is asked for', () => {
  assert.deepEqual(routed({}, {}).told, [])
  const { headers, told } = routed({ 'tracing.with.context.field.only': 'false' }, {})
  assert.deepEqual(headers, [['id', 'e1']])
  assert.equal(told.length, 1)
})
