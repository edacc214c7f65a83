import type { MillraceError } from '@millrace/base'
import { isMillraceError } from '@millrace/base'
import { resolveLimits } from '@millrace/base/internal'
import type { Client } from 'pg'
import { connectClient, textSettings } from '../../postgres/driver.ts'
import { parseTableName, tableText } from '../../postgres/identifiers.ts'
import { postgresError } from '../../postgres/postgres-errors.ts'
import type { SourceConnector, SourceContext, SourceSession, TopicSpec } from '../../runtime/connector.ts'
import { applicationName, isSameConnector, isSibling } from './application-name.ts'
import type { CapturedTable, CaptureMapper, PublicationNeed } from './capture.ts'
import { readTable } from './catalog.ts'
import type { PostgresPosition } from './position.ts'
import { ensurePublication, publicationProblem } from './publications.ts'
import { ReplicationFeed } from './replication-feed.ts'
import { serverIdentity, serverProblems } from './server-checks.ts'
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
  /** `table` or `schema.table`. */
  readonly tables: readonly string[]
  /** Also where tables are checked against the options. */
  readonly publications: (tables: readonly CapturedTable[], name: string) => readonly PublicationNeed[]
  readonly mapper: (tables: readonly CapturedTable[]) => CaptureMapper
  readonly snapshotOrder: (table: CapturedTable) => string
}

/** A source connector over logical decoding, for one way of turning changes into records. */
export function postgresSource(options: PostgresSourceOptions, plan: CapturePlan): SourceConnector {
  const source = new PostgresSource(options, plan)
  return {
    kind: 'source',
    name: plan.name,
    topics: plan.topics,
    ...(options.snapshot !== 'never' && { snapshotTransactionTimeoutMs }),
    open: (context) => source.open(context),
    occupied: () => source.occupied(),
    check: () => source.check(),
  }
}

class PostgresSource {
  readonly #options: PostgresSourceOptions
  readonly #plan: CapturePlan
  readonly #limits: ReturnType<typeof resolveLimits<typeof sourceLimits>>
  readonly #slot: string
  readonly #publication: string
  readonly #applicationName: string
  #hasOpened = false

  constructor(options: PostgresSourceOptions, plan: CapturePlan) {
    this.#options = options
    this.#plan = plan
    this.#limits = resolveLimits(plan.name, sourceLimits, options.limits)
    this.#slot = options.slot ?? slotNameFor(plan.name)
    this.#publication = options.publication ?? this.#slot
    this.#applicationName = applicationName(plan.name)
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
    const needs = this.#plan.publications(tables, this.#publication)
    const mapper = this.#plan.mapper(tables)
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
    const position = await this.#withNewTables(client, start.position, tables, mapper)
    return this.#stream(position, needs, mapper, context)
  }

  async #snapshotOnly(client: Client, context: SourceContext): Promise<SourceSession> {
    if (context.position) return new IdleSession(context.report)
    const tables = await this.#tables(client)
    const { rows } = await client.query<{ id: string }>('select system_identifier::text as id from pg_control_system()')
    const position = { lsn: 0n, index: 0, systemId: rows[0]!.id }
    const mapper = this.#plan.mapper(tables)
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

  async #tables(client: Client): Promise<CapturedTable[]> {
    const tables: CapturedTable[] = []
    for (const text of this.#plan.tables) tables.push(await readTable(client, parseTableName(text)))
    return tables
  }

  async #stream(
    position: PostgresPosition,
    needs: readonly PublicationNeed[],
    mapper: CaptureMapper,
    { clock, client }: SourceContext,
  ): Promise<SourceSession> {
    const { bufferMaxBytes, statusIntervalMs, receiveTimeoutMs, heartbeatIntervalMs } = this.#limits
    const { chunkMaxRows, chunkMaxBytes } = this.#limits
    const feed = await ReplicationFeed.start({
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
    const snapshotter = new Snapshotter(
      {
        url: this.#options.url,
        applicationName: this.#applicationName,
        mapper,
        chunkRows: chunkMaxRows,
        chunkBytes: chunkMaxBytes,
        clock,
        notify: () => {},
      },
      position.snapshot,
    )
    const resyncs = this.#options.snapshot === 'when-needed'
    const { name } = this.#plan
    return new StreamSession({ name, feed, mapper, snapshotter, position, heartbeatIntervalMs, clock, client, resyncs })
  }
}

function namesOf(tables: readonly CapturedTable[]): string[] {
  return tables.map(({ relation }) => tableText(relation))
}
