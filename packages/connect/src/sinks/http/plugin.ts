import { configDef } from '../../config/config-def.ts'
import { between, nonEmpty } from '../../config/config-key.ts'
import { connectError } from '../../errors.ts'
import type { SinkPlugin } from '../../runtime/plugin.ts'
import { pipelineDecoder } from '../record-decoder.ts'
import { HttpSinkSession } from './sink-session.ts'

const outages =
  'an outage pauses the sink for as long as it lasts, and a refused record is told from it; leave the property out'

const definition = configDef({
  'http.api.url': {
    type: 'string',
    importance: 'high',
    valid: nonEmpty,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as configs write it
    doc: 'Where to send; ${topic} and ${key} stand for those of the record.',
  },
  'request.method': {
    type: 'string',
    default: 'POST',
    oneOf: ['POST', 'PUT', 'PATCH'],
    ignoreCase: true,
    importance: 'high',
    doc: 'Method of the requests.',
  },
  headers: {
    type: 'string',
    default: '',
    importance: 'medium',
    doc: 'Headers as name:value, between them the separator.',
  },
  'header.separator': { type: 'string', default: '|', importance: 'low', valid: nonEmpty, doc: 'Between headers.' },
  'batch.max.size': {
    type: 'int',
    default: 1,
    importance: 'medium',
    valid: between(1, 10_000),
    doc: 'Records of a request; above 1 a body is a JSON array.',
  },
  'request.body.format': {
    type: 'string',
    default: 'json',
    oneOf: ['json'],
    importance: 'medium',
    doc: 'Bodies are JSON.',
  },
  'behavior.on.null.values': {
    type: 'string',
    default: 'ignore',
    oneOf: ['ignore', 'delete', 'fail'],
    ignoreCase: true,
    importance: 'medium',
    doc: 'Tombstones are passed over, sent as a DELETE, or bad records.',
  },
  'auth.type': {
    type: 'string',
    default: 'none',
    oneOf: ['none', 'basic'],
    ignoreCase: true,
    importance: 'medium',
    doc: 'Authentication.',
  },
  'connection.user': { type: 'string', default: null, importance: 'medium', doc: 'User, for basic authentication.' },
  'connection.password': { type: 'password', default: null, importance: 'medium', doc: 'Password of the user.' },
  'http.request.timeout.ms': {
    type: 'int',
    default: 30_000,
    importance: 'low',
    valid: between(1),
    doc: 'Of a request.',
  },
  'max.retries': { type: 'int', default: null, importance: 'low', doc: 'Attempts.', notSupported: outages },
  'retry.backoff.ms': { type: 'int', default: null, importance: 'low', doc: 'Wait.', notSupported: outages },
  'retry.on.status.codes': {
    type: 'string',
    default: null,
    importance: 'low',
    doc: 'Statuses.',
    notSupported: outages,
  },
})

const tombstones = { ignore: 'skip', delete: 'delete', fail: 'dead-letter' } as const

/** Sends records to a service by the properties of Confluent's HTTP sink. */
export const httpSinkPlugin: SinkPlugin = {
  classNames: ['io.confluent.connect.http.HttpSinkConnector'],
  type: 'sink',
  version: '1.0.0',
  configDef: definition,
  create: (properties, { name, pipeline, topics }) => {
    const config = definition.parse(name, properties)
    const url = config['http.api.url'].replaceAll(/\$\{(topic|key)\}/g, '{$1}')
    if (!/^https?:/i.test(url) || !URL.canParse(url.replaceAll(/[{}]/g, ''))) {
      throw connectError('CONNECT_CONFIG_INVALID', `${name}: http.api.url is no address`, { where: name })
    }
    const authorization = basic(config['connection.user'], config['connection.password']?.reveal())
    const batchSize = config['batch.max.size']
    return {
      kind: 'sink',
      name,
      topics,
      onBadRecord: 'dead-letter',
      // The group's are the only ones.
      setOffsets: async () => {},
      open: async (context) =>
        new HttpSinkSession({
          name,
          url,
          method: config['request.method'],
          headers: {
            ...headersOf(name, config.headers, config['header.separator']),
            ...(config['auth.type'] === 'basic' && { authorization }),
          },
          onTombstone: tombstones[config['behavior.on.null.values']],
          body: ({ value }) => value,
          maxBatchRecords: /\{(key|topic)\}/.test(url) ? 1 : batchSize,
          isList: batchSize > 1,
          requestTimeoutMs: config['http.request.timeout.ms'],
          decoder: pipelineDecoder(pipeline),
          context,
        }),
    }
  },
}

function basic(user = '', password = ''): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

function headersOf(name: string, text: string, separator: string): Record<string, string> {
  const parts = text.split(separator).filter((part) => part.trim() !== '')
  return Object.fromEntries(
    parts.map((part) => {
      const colon = part.indexOf(':')
      if (colon > 0) return [part.slice(0, colon).trim(), part.slice(colon + 1).trim()]
      throw connectError('CONNECT_CONFIG_INVALID', `${name}: headers: "${part}" is not name:value`, { where: name })
    }),
  )
}
