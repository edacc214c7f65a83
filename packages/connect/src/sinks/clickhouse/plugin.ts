import { configDef } from '../../config/config-def.ts'
import { between, nonEmpty } from '../../config/config-key.ts'
import { connectError } from '../../errors.ts'
import type { SinkPlugin } from '../../runtime/plugin.ts'
import { pipelineDecoder } from '../record-decoder.ts'
import { insertSettings, openableSink } from './sink.ts'

const definition = configDef({
  hostname: { type: 'string', importance: 'high', valid: nonEmpty, doc: 'Where the server is.' },
  port: {
    type: 'int',
    default: 8443,
    importance: 'high',
    valid: between(1, 65_535),
    doc: 'Port of its HTTP interface.',
  },
  ssl: { type: 'boolean', default: true, importance: 'high', doc: 'Whether that is HTTPS.' },
  database: { type: 'string', default: 'default', importance: 'high', doc: 'Database of the tables.' },
  username: { type: 'string', default: 'default', importance: 'high', doc: 'User.' },
  password: { type: 'password', default: '', importance: 'high', doc: 'Password of the user.' },
  topic2TableMap: {
    type: 'list',
    default: [],
    importance: 'medium',
    doc: 'Tables of topics, as topic=table; others are named like their topics.',
  },
  timeoutSeconds: { type: 'int', default: 30, importance: 'low', valid: between(1, 3_600), doc: 'Of a request.' },
  exactlyOnce: {
    type: 'boolean',
    default: true,
    importance: 'medium',
    doc: 'Accepted; each record takes effect once either way.',
  },
  'auto.evolve': { type: 'boolean', default: false, importance: 'medium', doc: 'Add columns for new fields.' },
  retryCount: {
    type: 'int',
    default: null,
    importance: 'low',
    doc: 'Attempts at a batch.',
    notSupported: 'an outage pauses the sink for as long as it lasts; leave the property out',
  },
  clickhouseSettings: {
    type: 'list',
    default: null,
    importance: 'low',
    doc: 'Settings of statements.',
    notSupported: "set them in the user's profile on the server",
  },
  keeperOnCluster: {
    type: 'string',
    default: null,
    importance: 'low',
    doc: 'Cluster of the table with states.',
    notSupported: 'states lie in the table millrace_sink_offsets, of one server',
  },
})

/** Inserts into ClickHouse by the properties of its own connector. */
export const clickHouseSinkPlugin: SinkPlugin = {
  classNames: ['com.clickhouse.kafka.connect.ClickHouseSinkConnector'],
  type: 'sink',
  version: '1.0.0',
  configDef: definition,
  create: (properties, { name, pipeline, topics }) => {
    const config = definition.parse(name, properties)
    const { hostname, port, ssl, database, username, password } = config
    const url = new URL(`${ssl ? 'https' : 'http'}://${hostname}:${port}/${encodeURIComponent(database)}`)
    url.username = encodeURIComponent(username)
    url.password = encodeURIComponent(password.reveal())
    const tables = tableMap(name, config.topic2TableMap)
    return openableSink({
      topics,
      url: url.href,
      requestTimeoutMs: config.timeoutSeconds * 1_000,
      decoder: pipelineDecoder(pipeline),
      onBadRecord: 'dead-letter',
      settings: {
        ...insertSettings,
        name,
        tableOf: ({ topic }) => tables.get(topic) ?? topic,
        table: undefined,
        key: { from: 'none', columns: [], isWhole: false },
        hasPrimaryKey: false,
        creates: false,
        evolves: config['auto.evolve'],
        columns: undefined,
      },
    })
  },
}

function tableMap(name: string, entries: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    entries.map((entry): [string, string] => {
      const [, topic, table] = /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(entry) ?? []
      if (topic && table) return [topic, table]
      throw connectError('CONNECT_CONFIG_INVALID', `${name}: topic2TableMap: "${entry}" is not topic=table`, {
        where: name,
      })
    }),
  )
}
