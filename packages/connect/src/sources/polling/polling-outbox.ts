import type { MillraceError } from '@millrace/base'
import { baseError, checkOptions, deadLetterTopic, resolveLimits } from '@millrace/base/internal'
import type { AnyTopicContract } from '@millrace/contracts'
import { databaseOf } from '../../postgres/driver.ts'
import type { SourceConnector, SourceContext, SourceSession, TopicSpec } from '../../runtime/connector.ts'
import { type OnUnknownTopic, OutboxPublisher } from '../outbox/outbox-publisher.ts'
import { DeletingSession } from './deleting-session.ts'
import { KeepingSession } from './keeping-session.ts'
import { isMysqlOccupied, openMysql } from './mysql-polling.ts'
import type { PollingDatabase } from './polling-database.ts'
import { decodePosition } from './polling-position.ts'
import { openPostgres } from './postgres-polling.ts'
import { openSqlite } from './sqlite-polling.ts'

/** What happens to rows that were published: gone at once, after a time, or never. */
export type Removal = 'published' | 'never' | { readonly afterMs: number }

/** Limits of a polling source; see `pollingLimits` for their defaults. */
export interface PollingLimits {
  readonly pollIntervalMs?: number
  readonly maxRows?: number
  readonly maxBytes?: number
}

export interface PollingOutboxOptions {
  /** `postgres://`, `mysql://`, `mariadb://`, or `sqlite:` and the path of a file. */
  readonly url: string
  /** The topics that rows may be addressed to. */
  readonly topics: readonly AnyTopicContract[]
  /** Names its position and its transactional id; stable for ever. Default `<database>-outbox`. */
  readonly name?: string
  /** Default `outbox`; `schema.table` elsewhere than in the database's default. */
  readonly table?: string
  /** What to do with a row for any other topic. Default `fail`. */
  readonly onUnknownTopic?: OnUnknownTopic
  /**
   * Default `published`: rows are deleted once they are in Kafka for good. Elsewhere than on PostgreSQL it is the only way:
   * without a snapshot that tells which transactions it saw, a row that commits late could not be told from one that was
   * published.
   */
  readonly removal?: Removal
  readonly limits?: PollingLimits
}

export const pollingLimits = {
  pollIntervalMs: { default: 100, min: 1, max: 3_600_000, reached: 'The table is read again.' },
  maxRows: { default: 1_000, min: 1, max: 10_000, reached: 'More rows wait for the next read.' },
  maxBytes: { default: 2 * 1024 * 1024, min: 1, max: 256 * 1024 * 1024, reached: 'More rows wait for the next read.' },
} as const

/**
 * Publishes the rows of a service's outbox table by reading it again and again: for databases whose log nobody may or can
 * read. Each row exactly once under read_committed, also one that commits late; the events of one key in the order in
 * which their transactions wrote them, where those serialise on something.
 *
 * @example
 * pollingOutbox({ url: 'mysql://millrace@localhost/orders', topics: [order, customer] })
 */
export function pollingOutbox(options: PollingOutboxOptions): SourceConnector {
  checkOptions(
    'pollingOutbox',
    options,
    {
      url: 'string',
      topics: 'array',
      name: 'string',
      table: 'string',
      onUnknownTopic: ['string', 'function'],
      removal: ['string', 'object'],
      limits: 'object',
    },
    { required: ['url', 'topics'] },
  )
  const kind = kindOf(options.url)
  const { table = 'outbox', onUnknownTopic = 'fail' } = options
  const removal = checkedRemoval(options.removal ?? 'published', kind)
  const name = options.name ?? `${kind === 'sqlite' ? fileNameOf(options.url) : databaseOf(options.url)}-outbox`
  const limits = resolveLimits(name, pollingLimits, options.limits)
  const publisher = new OutboxPublisher(
    name,
    options.topics.map((topic) => topic.name),
    onUnknownTopic,
  )
  const open = (): Promise<PollingDatabase> => openers[kind](options.url, table, name)
  return {
    kind: 'source',
    name,
    topics: topicsOf(options.topics, name, onUnknownTopic),
    checkPosition: (position) => void decodePosition(position, name),
    async open(context: SourceContext): Promise<SourceSession> {
      const position = context.position && decodePosition(context.position, name)
      const parts = { name, publisher, limits, clock: context.clock, signal: context.signal }
      if (removal === 'published') return DeletingSession.open(await open(), position, parts)
      const database = await openPostgres(options.url, table, name)
      return KeepingSession.open(database, position, removal === 'never' ? undefined : removal.afterMs, parts)
    },
    ...(kind === 'mysql' && { occupied: () => isMysqlOccupied(options.url, name) }),
    ...(kind === 'postgres' && {
      occupied: () => using(open, async (database) => (await database.occupied?.()) === true),
    }),
    check: () => check(open),
  }
}

type Kind = 'postgres' | 'mysql' | 'sqlite'

const openers: Readonly<Record<Kind, (url: string, table: string, name: string) => Promise<PollingDatabase>>> = {
  postgres: openPostgres,
  mysql: openMysql,
  sqlite: (url, table) => openSqlite(pathOf(url), table),
}

function kindOf(url: string): Kind {
  if (/^postgres(ql)?:/.test(url)) return 'postgres'
  if (/^(mysql|mariadb):/.test(url)) return 'mysql'
  if (/^(sqlite|file):/.test(url)) return 'sqlite'
  // The url may hold a password, so it is not shown.
  const message = 'pollingOutbox: `url` must begin with postgres:, mysql:, mariadb: or sqlite:'
  throw baseError('CONFIG_INVALID_OPTION', message, { option: 'url' })
}

function pathOf(url: string): string {
  return url.replace(/^(sqlite|file):(\/\/(?=\/))?/, '')
}

function fileNameOf(url: string): string {
  return pathOf(url)
    .replace(/^.*\//, '')
    .replace(/\.[^.]*$/, '')
}

function checkedRemoval(removal: Removal, kind: Kind): Removal {
  const { afterMs } = (typeof removal === 'object' ? removal : {}) as { afterMs?: unknown }
  const isTime = typeof afterMs === 'number' && afterMs >= 0
  if (removal !== 'published' && removal !== 'never' && !isTime) {
    const message = "pollingOutbox: `removal` must be 'published', 'never' or { afterMs }"
    throw baseError('CONFIG_INVALID_OPTION', message, { option: 'removal' })
  }
  if (removal === 'published' || kind === 'postgres') return removal
  const message = `pollingOutbox: rows can stay after they were published on PostgreSQL alone, so \`removal\` must be 'published' here`
  throw baseError('CONFIG_INVALID_OPTION', message, { option: 'removal' })
}

function topicsOf(contracts: readonly AnyTopicContract[], name: string, onUnknownTopic: OnUnknownTopic): TopicSpec[] {
  const topics: TopicSpec[] = contracts.map(({ name, partitions, config }) => ({
    name,
    ...(partitions !== undefined && { partitions }),
    ...(config !== undefined && { config }),
  }))
  if (onUnknownTopic === 'dead-letter') topics.push({ name: deadLetterTopic(name) })
  return topics
}

async function using<T>(
  open: () => Promise<PollingDatabase>,
  work: (database: PollingDatabase) => Promise<T>,
): Promise<T> {
  const database = await open()
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

async function check(open: () => Promise<PollingDatabase>): Promise<readonly MillraceError[]> {
  try {
    await using(open, async (database) => database.read({}, { maxRows: 1, maxBytes: 1 }))
    return []
  } catch (error) {
    return [error as MillraceError]
  }
}
