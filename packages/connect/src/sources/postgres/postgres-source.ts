import type { Clock, MillraceError } from '@millrace/base'
import { isMillraceError } from '@millrace/base'
import { resolveLimits } from '@millrace/base/internal'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { connectClient, textSettings } from '../../postgres/driver.ts'
import { parseTableName, tableText } from '../../postgres/identifiers.ts'
import { postgresError } from '../../postgres/postgres-errors.ts'
import type { SourceConnector, SourceContext, SourceSession, TopicSpec } from '../../runtime/connector.ts'
import { applicationName, isSameConnector, isSibling } from './application-name.ts'
import type { CapturedTable, CaptureMapper, PublicationNeed } from './capture.ts'
import { readTable } from './catalog.ts'
import { Heartbeat } from './heartbeat.ts'
import type { PostgresPosition } from './position.ts'
import { ensurePublication, publicationProblem } from './publications.ts'
import { ReplicationFeed } from './replication-feed.ts'
import { serverIdentity, serverProblems } from './server-checks.ts'
import { Notifier } from './signals/notifications.ts'
import { notifySnapshot, snapshotNotification } from './signals/signal-desk.ts'
import { Signals } from './signals/signals.ts'
import { readSlot, slotTaken } from './slots.ts'
import { IdleSession, SnapshotSession } from './snapshot-session.ts'
import { addTables } from './snapshots/progress.ts'
import { planSnapshot, taskFor } from './snapshots/snapshot-plan.ts'
import { Snapshotter } from './snapshots/snapshotter.ts'
import { topicEnds } from './snapshots/vanished-keys.ts'
import { type PostgresSourceOptions, slotNameFor, sourceLimits } from './source-options.ts'
import { type SourceStart, startSource } from './source-start.ts'
import { StreamSession } from './stream-session.ts'

/** Kafka brokers refuse longer transactions unless told otherwise (transaction.max.timeout.ms). */
const snapshotTransactionTimeoutMs = 900_000

/** What outbox and whole-table capture differ in. */
export interface CapturePlan {
  readonly name: string
  readonly topics: readonly TopicSpec[]
  /** Of the connector. */
  readonly newTopic?: (name: string) => TopicSpec | undefined
  /** `table` or `schema.table`; or asks the catalog for them. */
  readonly tables: readonly string[] | ((client: Client) => Promise<readonly string[]>)
  /** Also where tables are checked against the options. */
  readonly publications: (tables: readonly CapturedTable[], name: string) => readonly PublicationNeed[]
  readonly mapper: (tables: readonly CapturedTable[], clock: Clock) => CaptureMapper
  readonly snapshotOrder: (table: CapturedTable) => string
}

/** A source connector over logical decoding, for one way of turning changes into records. */
export function postgresSource(options: PostgresSourceOptions, plan: CapturePlan): SourceConnector {
  const source = new PostgresSource(options, plan)
  return {
    kind: 'source',
    name: plan.name,
    topics: [...plan.topics, ...ownTopics(options)],
    ...(plan.newTopic && { newTopic: plan.newTopic }),
    ...(options.snapshot !== 'never' && { snapshotTransactionTimeoutMs }),
    open: (context) => source.open(context),
    occupied: () => source.occupied(),
    check: () => source.check(),
  }
}

/** Topics beside those of the captured rows. */
function ownTopics({ signals, notifications, heartbeat }: PostgresSourceOptions): TopicSpec[] {
  const names = [signals?.topic, notifications?.topic, heartbeat?.topic].filter((name) => name !== undefined)
  return names.map((name) => ({ name, partitions: 1 }))
}

class PostgresSource {
  readonly #options: PostgresSourceOptions
  readonly #plan: CapturePlan
  readonly #limits: ReturnType<typeof resolveLimits<typeof sourceLimits>>
  readonly #slot: string
  readonly #publication: string
  readonly #applicationName: string
  readonly #notifier: Notifier
  #hasOpened = false

  constructor(options: PostgresSourceOptions, plan: CapturePlan) {
    this.#options = options
    this.#plan = plan
    this.#limits = resolveLimits(plan.name, sourceLimits, options.limits)
    this.#slot = options.slot ?? slotNameFor(plan.name)
    this.#publication = options.publication ?? this.#slot
    this.#applicationName = applicationName(plan.name)
    this.#notifier = new Notifier(plan.name, options.notifications)
  }

  async open(context: SourceContext): Promise<SourceSession> {
    const client = await connectClient(this.#options.url, this.#applicationName)
    let session: SourceSession | undefined
    try {
      session = await this.#open(client, context)
      return session
    } catch (error) {
      throw postgresError(error, `starting ${this.#plan.name}`, { connector: this.#plan.name })
    } finally {
      if (!(session instanceof SnapshotSession)) await client.end().catch(() => {})
    }
  }

  async #open(client: Client, context: SourceContext): Promise<SourceSession> {
    if (this.#options.snapshot === 'initial-only') return this.#snapshotOnly(client, context)
    const [problem] = await serverProblems(client)
    if (problem) throw problem
    const systemId = await serverIdentity(this.#options.url, this.#applicationName)
    const tables = await this.#tables(client)
    const needs = [...this.#plan.publications(tables, this.#publication), ...(await this.#signalNeeds(client))]
    const mapper = await this.#mapper(client, tables, context.clock)
    // The publication first: the slot's history must know it, or decoding ends with "publication does not exist".
    for (const need of needs) await ensurePublication(client, need, this.#options.createPublication)
    const { failover = true, snapshot = 'initial' } = this.#options
    const start = await startSource(
      client,
      {
        connector: this.#plan.name,
        slot: this.#slot,
        applicationName: this.#applicationName,
        systemId,
        failover,
        resyncs: snapshot === 'when-needed',
      },
      context,
    )
    if (start.reason !== 'continue' && snapshot !== 'never') {
      return this.#snapshot({ client, tables, mapper, start, slot: this.#slot }, context)
    }
    const position = await this.#withNewTables(client, start.position, tables, mapper, context.clock)
    return this.#stream({ position, needs, mapper, tables: namesOf(tables) }, context)
  }

  async #snapshotOnly(client: Client, context: SourceContext): Promise<SourceSession> {
    if (context.position) return new IdleSession(context.report)
    const tables = await this.#tables(client)
    const { rows } = await client.query<{ id: string }>('select system_identifier::text as id from pg_control_system()')
    const position = { lsn: 0n, index: 0, systemId: rows[0]!.id }
    const mapper = await this.#mapper(client, tables, context.clock)
    const start: SourceStart = { position, reason: 'first' }
    return this.#snapshot({ client, tables, mapper, start, slot: undefined }, context)
  }

  async #snapshot(
    found: {
      client: Client
      tables: CapturedTable[]
      mapper: CaptureMapper
      start: SourceStart
      slot: string | undefined
    },
    context: SourceContext,
  ): Promise<SourceSession> {
    const { client, tables, mapper, start, slot } = found
    const filters = this.#filters()
    const { snapshotTransactionMaxBytes } = this.#limits
    const isWhole = mapper.idOf !== undefined || slot === undefined
    const plan = isWhole
      ? { atOnce: tables, inParts: [] }
      : await planSnapshot(client, tables, snapshotTransactionMaxBytes, filters)
    const progress = addTables(undefined, 'initial', 'initial', plan.inParts)
    const topics = this.#plan.topics.map((topic) => topic.name)
    const isSearchDue = start.reason === 'lost' && mapper.idOf === undefined
    const vanished = isSearchDue ? await topicEnds(context.client, topics) : undefined
    await client.query(textSettings)
    const { clock, signal, report } = context
    return new SnapshotSession({
      client,
      tables: plan.atOnce,
      orderBy: this.#plan.snapshotOrder,
      mapper,
      systemId: start.position.systemId,
      slot,
      slotLsn: start.position.lsn,
      filters,
      further: {
        tables: namesOf(tables),
        ...(progress && { snapshot: progress }),
        ...(vanished && { vanished }),
      },
      notifier: this.#notifier,
      clock,
      signal,
      report,
    })
  }

  /** Tables that were added to the options since the position was stored have rows that nobody has seen yet. */
  async #withNewTables(
    client: Client,
    position: PostgresPosition,
    tables: readonly CapturedTable[],
    mapper: CaptureMapper,
    clock: Clock,
  ): Promise<PostgresPosition> {
    const { snapshot = 'initial' } = this.#options
    const isFirstOpen = !this.#hasOpened
    this.#hasOpened = true
    const known = new Set(position.tables ?? namesOf(tables))
    const all = { ...position, tables: namesOf(tables) }
    if (snapshot === 'never' || mapper.idOf) return all
    const added = tables.filter(({ relation }) => !known.has(tableText(relation)))
    const again = snapshot === 'always' && isFirstOpen ? tables : added
    if (again.length === 0) return all
    const { rows } = await client.query<{ xmax: string }>(
      'select pg_snapshot_xmax(pg_current_snapshot())::text as xmax',
    )
    const filters = this.#filters()
    const tasks = again.map((table) => taskFor(table, filters, added.includes(table) ? rows[0]!.xmax : undefined))
    const progress = addTables(position.snapshot, 'initial', 'added tables', tasks)
    if (progress && progress !== position.snapshot) {
      this.#notifier.notify({ ...snapshotNotification(progress), type: 'STARTED' }, clock.now())
    }
    return { ...all, ...(progress && { snapshot: progress }) }
  }

  #filters(): Record<string, string> {
    const { snapshotFilters = {} } = this.#options
    return Object.fromEntries(
      Object.entries(snapshotFilters).map(([table, filter]) => [tableText(parseTableName(table)), filter]),
    )
  }

  /** Whether another instance of this connector reads from the slot. */
  async occupied(): Promise<boolean> {
    const client = await connectClient(this.#options.url, this.#applicationName)
    try {
      const slot = await readSlot(client, this.#slot)
      return slot !== undefined && isSibling(slot.activeApplication, this.#applicationName)
    } catch (error) {
      throw postgresError(error, 'asking who reads the replication slot')
    } finally {
      await client.end().catch(() => {})
    }
  }

  async check(): Promise<readonly MillraceError[]> {
    const problems: MillraceError[] = []
    try {
      const client = await connectClient(this.#options.url, this.#applicationName)
      try {
        problems.push(...(await serverProblems(client)))
        if (problems.length === 0) await serverIdentity(this.#options.url, this.#applicationName)
        const slot = await readSlot(client, this.#slot)
        if (slot?.activePid !== undefined && !isSameConnector(slot.activeApplication, this.#applicationName)) {
          problems.push(slotTaken(this.#slot, slot))
        }
        const needs = this.#plan.publications(await this.#tables(client), this.#publication)
        for (const need of needs) {
          const problem = await publicationProblem(client, need)
          if (isMillraceError(problem)) problems.push(problem)
        }
      } finally {
        await client.end().catch(() => {})
      }
    } catch (error) {
      problems.push(postgresError(error, `checking ${this.#plan.name}`))
    }
    return problems
  }

  async #mapper(client: Client, tables: readonly CapturedTable[], clock: Clock): Promise<CaptureMapper> {
    const mapper = this.#plan.mapper(tables, clock)
    // Defaults are printed in the session's forms.
    if (mapper.describe) await client.query(textSettings)
    for (const { relation } of tables) await mapper.describe?.(relation, client)
    return mapper
  }

  async #tables(client: Client): Promise<CapturedTable[]> {
    const tables: CapturedTable[] = []
    const { tables: wanted } = this.#plan
    const names = typeof wanted === 'function' ? await wanted(client) : wanted
    for (const text of names) tables.push(await readTable(client, parseTableName(text)))
    return tables
  }

  /** A publication of its own: those of the rows may be somebody else's. */
  async #signalNeeds(client: Client): Promise<PublicationNeed[]> {
    const { signals } = this.#options
    if (signals?.table === undefined) return []
    const table = await readTable(client, parseTableName(signals.table))
    const missing = ['id', 'type', 'data'].filter((name) => !table.relation.columns.some((c) => c.name === name))
    if (missing.length > 0) {
      const text = tableText(table.relation)
      const message = `the table of signals ${text} has no column ${missing.join(', ')}`
      throw connectError('POSTGRES_COLUMN_MISSING', message, { table: text })
    }
    return [{ name: `${this.#publication}_signals`.slice(0, 63), tables: [table], operations: ['insert'] }]
  }

  async #stream(
    found: {
      readonly position: PostgresPosition
      readonly needs: readonly PublicationNeed[]
      readonly mapper: CaptureMapper
      readonly tables: readonly string[]
    },
    { clock, client }: SourceContext,
  ): Promise<SourceSession> {
    const { position, needs, mapper, tables } = found
    const { name } = this.#plan
    const { url, signals: signalOptions = {}, heartbeat: heartbeatOptions = {} } = this.#options
    const { chunkMaxRows, chunkMaxBytes, heartbeatIntervalMs } = this.#limits
    const notifier = this.#notifier
    const connection = { url, applicationName: this.#applicationName }
    const snapshotter = new Snapshotter(
      {
        ...connection,
        mapper,
        chunkRows: chunkMaxRows,
        chunkBytes: chunkMaxBytes,
        clock,
        notify: (progress, event) => notifySnapshot(notifier, progress, event, clock.now()),
      },
      position.snapshot,
    )
    const captured = mapper.idOf ? [] : tables
    const context = { connector: name, tables: captured, notifier, client, clock, state: position.signals }
    const signals = await Signals.open(signalOptions, context)
    const heartbeat = new Heartbeat(name, heartbeatOptions, connection, clock, heartbeatIntervalMs)
    const resyncs = this.#options.snapshot === 'when-needed'
    try {
      const feed = await this.#feed(position, needs, clock)
      const parts = { name, feed, mapper, snapshotter, signals, notifier, heartbeat, position }
      return new StreamSession({ ...parts, heartbeatIntervalMs, clock, client, resyncs })
    } catch (error) {
      await signals.close()
      throw error
    }
  }

  #feed(position: PostgresPosition, needs: readonly PublicationNeed[], clock: Clock): Promise<ReplicationFeed> {
    const { bufferMaxBytes, statusIntervalMs, receiveTimeoutMs } = this.#limits
    return ReplicationFeed.start({
      url: this.#options.url,
      applicationName: this.#applicationName,
      slot: this.#slot,
      publications: needs.map((need) => need.name),
      fromLsn: position.lsn,
      bufferMaxBytes,
      statusIntervalMs,
      receiveTimeoutMs,
      clock,
    })
  }
}

function namesOf(tables: readonly CapturedTable[]): string[] {
  return tables.map(({ relation }) => tableText(relation))
}
