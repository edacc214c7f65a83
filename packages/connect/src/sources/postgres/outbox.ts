import { baseError, checkOptions, deadLetterTopic } from '@millrace/base/internal'
import type { AnyTopicContract } from '@millrace/contracts'
import { connectError } from '../../errors.ts'
import { databaseOf } from '../../postgres/driver.ts'
import { quoteIdentifier, tableText } from '../../postgres/identifiers.ts'
import type { SourceConnector, TopicSpec } from '../../runtime/connector.ts'
import type { OnUnknownTopic } from '../outbox/outbox-publisher.ts'
import { type PollingOutboxOptions, pollingOutbox } from '../polling/polling-outbox.ts'
import { autoOutbox } from './auto-outbox.ts'
import type { CapturedTable } from './capture.ts'
import { OutboxMapper, outboxColumns } from './outbox-mapper.ts'
import { postgresSource } from './postgres-source.ts'
import { type PostgresSourceOptions, sourceOptionRules } from './source-options.ts'

export interface PostgresOutboxOptions extends PostgresSourceOptions {
  /** The topics that rows may be addressed to. */
  readonly topics: readonly AnyTopicContract[]
  /**
   * Default `outbox`; `schema.table` elsewhere than in `public`. False where there is no table: services then append with
   * `outbox(tx, { via: 'log' })`.
   */
  readonly table?: string | false
  /** What to do with a row for any other topic. Default `fail`. */
  readonly onUnknownTopic?: OnUnknownTopic
  /**
   * `log`, the default, reads the server's log. `poll` reads the table again and again. `auto` reads the log where server
   * and rights allow it, polls elsewhere, and says which and why.
   */
  readonly capture?: 'auto' | 'log' | 'poll'
}

/**
 * Publishes the rows of a service's outbox table: each row exactly once under read_committed, in the order of commits,
 * with the event's id in the header `id`.
 *
 * Rows that are in the table at the very first start are published too, before anything else.
 *
 * With `snapshot: 'when-needed'` a slot that was lost does not end the source: the rows that are in the table are published
 * again, their ids unchanged, and how many others are gone is told (a notice, and the notification `EVENTS_LOST`).
 *
 * @example
 * postgresOutbox({ url: 'postgres://millrace@localhost/orders', topics: [order, customer] })
 */
export function postgresOutbox(options: PostgresOutboxOptions): SourceConnector {
  checkOptions(
    'postgresOutbox',
    options,
    {
      ...sourceOptionRules,
      topics: 'array',
      table: ['string', 'boolean'],
      onUnknownTopic: ['string', 'function'],
      capture: { oneOf: ['auto', 'log', 'poll'] },
    },
    { required: ['url', 'topics'] },
  )
  checkLoss(options)
  const name = options.name ?? `${databaseOf(options.url)}-outbox`
  const onUnknownTopic = options.onUnknownTopic ?? 'fail'
  const topics: TopicSpec[] = options.topics.map(({ name, partitions, config }) => ({
    name,
    ...(partitions !== undefined && { partitions }),
    ...(config !== undefined && { config }),
  }))
  if (onUnknownTopic === 'dead-letter') topics.push({ name: deadLetterTopic(name) })
  const topicNames = options.topics.map((topic) => topic.name)
  const log = postgresSource(options, {
    name,
    topics,
    tables: options.table === false ? [] : [options.table ?? 'outbox'],
    publications: (tables, publication) => {
      tables.forEach(checkColumns)
      return [{ name: publication, tables, operations: ['insert'] }]
    },
    mapper: (_tables, _clock, youngest) => new OutboxMapper(name, topicNames, onUnknownTopic, youngest),
    snapshotOrder,
    isOutbox: true,
  })
  const { capture = 'log' } = options
  if (capture === 'log') return log
  const polling = pollingOutbox(pollingOptions(options, name))
  return capture === 'poll' ? polling : autoOutbox(log, polling)
}

function pollingOptions(
  { url, topics, table, onUnknownTopic }: PostgresOutboxOptions,
  name: string,
): PollingOutboxOptions {
  if (table === false) {
    const message = 'postgresOutbox: `table: false` has only the log to read, so `capture` must be `log`'
    throw baseError('CONFIG_INVALID_OPTION', message, { option: 'capture' })
  }
  return {
    url,
    topics,
    name,
    ...(table !== undefined && { table }),
    ...(onUnknownTopic !== undefined && { onUnknownTopic }),
  }
}

/** Rows of an outbox are deleted as soon as they are in the log: what a slot loses, no snapshot brings back. */
function checkLoss({ logBudget }: PostgresOutboxOptions): void {
  if (logBudget?.whenReached !== 'drop-slot') return
  const why = 'events that a lost slot held are in no table any more'
  const message = `postgresOutbox: \`logBudget.whenReached\` cannot be 'drop-slot': ${why}`
  throw baseError('CONFIG_INVALID_OPTION', message, { option: 'logBudget' })
}

function checkColumns({ relation }: CapturedTable): void {
  const missing = outboxColumns.filter((name) => !relation.columns.some((column) => column.name === name))
  if (missing.length === 0) return
  const table = tableText(relation)
  throw connectError('POSTGRES_COLUMN_MISSING', `outbox table ${table} has no column ${missing.join(', ')}`, { table })
}

/** In the order in which they were written, as far as the table tells. */
function snapshotOrder({ relation }: CapturedTable): string {
  const known = ['position', 'timestamp'].filter((name) => relation.columns.some((column) => column.name === name))
  return known.map(quoteIdentifier).join(', ')
}
