import { serdes, topic } from '@millrace/contracts'
import { configDef } from '../../config/config-def.ts'
import { between, nonEmpty } from '../../config/config-key.ts'
import { connectError } from '../../errors.ts'
import type { SourcePlugin } from '../../runtime/plugin.ts'
import { pollingLimits, pollingOutbox } from './polling-outbox.ts'

const limit = ({ default: value, min, max }: { default: number; min: number; max: number }) =>
  ({ type: 'int', default: value, valid: between(min, max), importance: 'low' }) as const

const definition = configDef({
  'connection.url': {
    type: 'password',
    importance: 'high',
    doc: 'The database: postgres://, mysql://, mariadb://, or sqlite: and the path of a file; with user and password.',
  },
  'outbox.topics': {
    type: 'list',
    valid: nonEmpty,
    importance: 'high',
    doc: 'The topics that rows may be addressed to.',
  },
  'outbox.table': { type: 'string', default: 'outbox', importance: 'medium', doc: 'The table, or schema.table.' },
  'unknown.topic': {
    type: 'string',
    oneOf: ['fail', 'skip', 'dead-letter'],
    default: 'fail',
    importance: 'medium',
    doc: 'What to do with a row for any other topic.',
  },
  removal: {
    type: 'string',
    oneOf: ['published', 'never', 'later'],
    default: 'published',
    importance: 'medium',
    doc: 'When rows are deleted: once they are published, never, or after removal.after.ms. The latter two on PostgreSQL alone.',
  },
  'removal.after.ms': {
    type: 'long',
    default: 604_800_000,
    valid: between(0),
    importance: 'low',
    doc: 'With removal=later: age from which on published rows are deleted.',
  },
  'poll.interval.ms': { ...limit(pollingLimits.pollIntervalMs), doc: 'Pause between reads of an empty table.' },
  'batch.max.rows': { ...limit(pollingLimits.maxRows), doc: 'Rows per read.' },
  'batch.max.bytes': { ...limit(pollingLimits.maxBytes), doc: 'Payload per read.' },
})

/** `pollingOutbox` from properties. Keys and values go to Kafka as the bytes that lie in the table. */
export const pollingOutboxPlugin: SourcePlugin = {
  classNames: ['dev.millrace.connect.PollingOutboxConnector'],
  type: 'source',
  version: '1.0.0',
  configDef: definition,
  create(properties, { name, pipeline }) {
    const config = definition.parse(name, properties)
    if (pipeline.transforms.length > 0) {
      const message = `${name}: transforms are for data, and this connector passes bytes on`
      throw connectError('CONNECT_CONFIG_INVALID', message, { where: name })
    }
    const { removal } = config
    return pollingOutbox({
      name,
      url: config['connection.url'].reveal(),
      topics: config['outbox.topics'].map((each) => topic(each, { key: serdes.bytes, value: serdes.bytes })),
      table: config['outbox.table'],
      onUnknownTopic: config['unknown.topic'],
      removal: removal === 'later' ? { afterMs: config['removal.after.ms'] } : removal,
      limits: {
        pollIntervalMs: config['poll.interval.ms'],
        maxRows: config['batch.max.rows'],
        maxBytes: config['batch.max.bytes'],
      },
    })
  },
}
