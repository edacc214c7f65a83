import type { Clock, MillraceError } from '@millrace/base'
import { resolveLimits } from '@millrace/base/internal'
import type { Client } from 'pg'
import { connectClient } from '../../postgres/driver.ts'
import { parseTableName, tableText } from '../../postgres/identifiers.ts'
import { postgresError } from '../../postgres/postgres-errors.ts'
import type { SourceConnector, SourceContext, SourceSession, TopicSpec } from '../../runtime/connector.ts'
import { applicationName } from './application-name.ts'
import type { CapturedTable, CaptureMapper, PublicationNeed } from './capture.ts'
import { readTable } from './catalog.ts'
import { Heartbeat } from './heartbeat.ts'
import { HistoryCheck } from './history-check.ts'
import { lostEvents, tellLost } from './lost-events.ts'
import { PartitionWatch } from './partition-watch.ts'
import { decodePosition, type PostgresPosition } from './position.ts'
import { checkPublications, ensurePublications, type PublicationMaking, publicationIds } from './publications.ts'
import { PublishedRows } from './published-rows.ts'
import { ReplicationFeed } from './replication-feed.ts'
import { readProblems } from './rights.ts'
import { logEnd, type ServerIdentity, serverIdentity, serverProblems } from './server-checks.ts'
import { Notifier } from './signals/notifications.ts'
import { notifySnapshot } from './signals/signal-desk.ts'
import { withSignalTable } from './signals/signal-table.ts'
import { Signals } from './signals/signals.ts'
import { IdleSession, SnapshotSession } from './snapshot-session.ts'
import {
  initialSnapshot,
  namesOf,
  snapshotFilters,
  tellBegun,
  withTablesToRead,
  xidHorizon,
} from './snapshots/initial-snapshot.ts'
import { isKnown } from './snapshots/known-tables.ts'
import { Snapshotter } from './snapshots/snapshotter.ts'
import { SourceDoctor } from './source-doctor.ts'
import { type CaptureOptions, slotNameFor, sourceLimits } from './source-options.ts'
import { resyncDue, type SourceStart, startSource, withWayOut } from './source-start.ts'
import { StreamSession } from './stream-session.ts'
import {
  CapturedNames,
  checkStreamedTables,
  checkTableMarks,
  isMarkedOtherwise,
  type TableMarks,
  tableMarks,
} from './table-marks.ts'

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
  readonly mapper: (tables: readonly CapturedTable[], clock: Clock, youngest?: string) => CaptureMapper
  readonly snapshotOrder: (table: CapturedTable) => string
  /** Rows are only ever inserted, and gone once they are in the log. */
  readonly isOutbox?: boolean
  /** Topics of the tables' rows. Default: `topics`. */
  readonly rowTopics?: (tables: readonly CapturedTable[]) => readonly string[]
}

/** A source connector over logical decoding, for one way of turning changes into records. */
export function postgresSource(options: CaptureOptions, plan: CapturePlan): SourceConnector {
  const source = new PostgresSource(options, plan)
  return {
    kind: 'source',
    name: plan.name,
    topics: [...plan.topics, ...ownTopics(options)],
    ...(plan.newTopic && { newTopic: plan.newTopic }),
    ...(options.snapshot !== 'never' && { snapshotTransactionTimeoutMs }),
    ...(options.snapshot === 'when-needed' && { mayBeginAnew: true }),
    checkPosition: (position) => void decodePosition(position, plan.name),
    open: (context) => source.open(context),
    occupied: () => source.doctor.occupied(),
    check: () => source.doctor.check(),
    describe: () => source.doctor.describe(),
    ...(options.snapshot !== 'initial-only' && { watch: (signal: AbortSignal) => source.doctor.watch(signal) }),
  }
}

/** Topics beside those of the captured rows. */
function ownTopics({ signals, notifications, heartbeat }: CaptureOptions): TopicSpec[] {
  const names = [signals?.topic, notifications?.topic, heartbeat?.topic].filter((name) => name !== undefined)
  return names.map((name) => ({ name, partitions: 1 }))
}

class PostgresSource {
  readonly #options: CaptureOptions
  readonly #plan: CapturePlan
  readonly #limits: ReturnType<typeof resolveLimits<typeof sourceLimits>>
  readonly #slot: string
  readonly #publication: string
  readonly #applicationName: string
  readonly #notifier: Notifier
  #hasOpened = false
  /** What the last session found lost. */
  #lost: MillraceError | undefined
  /** Everything before this was written before publications that are new were there. */
  #publishedLsn: bigint | undefined
  readonly doctor: SourceDoctor

  constructor(options: CaptureOptions, plan: CapturePlan) {
    this.#options = options
    this.#plan = plan
    this.#limits = resolveLimits(plan.name, sourceLimits, options.limits)
    this.#slot = options.slot ?? slotNameFor(plan.name)
    this.#publication = options.publication ?? this.#slot
    this.#applicationName = applicationName(plan.name)
    this.#notifier = new Notifier(plan.name, options.notifications)
    this.doctor = new SourceDoctor({
      connector: plan.name,
      url: options.url,
      applicationName: this.#applicationName,
      slot: this.#slot,
      tables: (client) => this.#tables(client),
      needs: (client, tables) => this.#needs(client, tables),
      making: this.#making(() => true),
      reads: options.snapshot !== 'never',
      isOutbox: plan.isOutbox === true,
      budget: options.logBudget ?? {},
      budgetCheckIntervalMs: this.#limits.budgetCheckIntervalMs,
    })
  }

  readonly #onLost = (error: MillraceError): void => {
    this.#lost = error
  }

  async open(context: SourceContext): Promise<SourceSession> {
    const client = await connectClient(this.#options.url, this.#applicationName)
    let session: SourceSession | undefined
    try {
      session = await this.#open(client, context)
      return session
    } catch (error) {
      const known = postgresError(error, `starting ${this.#plan.name}`, { connector: this.#plan.name })
      // The slot went while this was looking at it.
      if (this.doctor.dropped && this.#options.snapshot !== 'when-needed') throw this.doctor.dropped
      // Lost between looking at the slot and reading from it.
      throw this.#options.snapshot === 'when-needed' ? resyncDue(known, this.#onLost) : this.#explained(known)
    } finally {
      if (!(session instanceof SnapshotSession)) await client.end().catch(() => {})
    }
  }

  readonly #explained = (error: unknown): unknown =>
    withWayOut(error, { connector: this.#plan.name, slot: this.#slot, isOutbox: this.#plan.isOutbox === true })

  async #open(client: Client, context: SourceContext): Promise<SourceSession> {
    // A source that publishes everything anew needs nobody.
    if (this.doctor.dropped && this.#options.snapshot !== 'when-needed') throw this.doctor.dropped
    if (this.#options.snapshot === 'initial-only') return this.#snapshotOnly(client, context)
    const [problem] = await serverProblems(client)
    if (problem) throw problem
    const { failover = true, snapshot = 'initial' } = this.#options
    const server = await serverIdentity(this.#options.url, this.#applicationName)
    const tables = await this.#tables(client)
    const needs = await this.#needs(client, tables)
    // What was dropped must be missed before it is created again.
    const stored = context.position && decodePosition(context.position, this.#plan.name)
    if (stored && snapshot !== 'when-needed') {
      await checkPublications(client, stored.publications ?? {})
    }
    const mapper = this.#plan.mapper(tables, context.clock, stored?.youngest)
    const isOutbox = mapper.idOf !== undefined
    if (stored && snapshot !== 'when-needed' && !isOutbox) await checkTableMarks(client, stored, tables)
    // Rows of an outbox that no slot captured are in the table: none is lost, and they are read from there.
    const hasRowsLeft = stored && isOutbox && snapshot !== 'never' && (await isMarkedOtherwise(client, stored, tables))
    // The publication first: the slot's history must know it, or decoding ends with "publication does not exist".
    // One that was captured and is missing from its publication has a gap.
    const captured = new Set(stored?.tables)
    const isComparable = !stored || stored.tables !== undefined
    await ensurePublications(
      client,
      needs,
      this.#making(({ relation }) => isComparable && !isKnown(captured, tableText(relation))),
    )
    const start = await startSource(
      client,
      {
        connector: this.#plan.name,
        slot: this.#slot,
        applicationName: this.#applicationName,
        server,
        failover,
        tables,
        isOutbox,
        resyncs: snapshot === 'when-needed',
        lost: this.#lost,
        onLost: (position) => this.#tellLost(client, tables, mapper, position, context.clock),
      },
      context,
    )
    this.#lost = undefined
    const publications = needs.map((need) => need.name)
    const ids = await publicationIds(client, publications)
    const marks = await tableMarks(client, tables, publications)
    if ((start.reason !== 'continue' && snapshot !== 'never') || hasRowsLeft) {
      return this.#snapshot({ client, tables, publications: ids, marks, mapper, start, slot: this.#slot }, context)
    }
    const { confirmedLsn } = start
    const knownPublications = Object.keys(start.position.publications ?? {})
    const streamed = {
      mapper,
      tables,
      marks,
      server,
      confirmedLsn,
      knownPublications,
      afterXid: await xidHorizon(client),
    }
    const untilLsn = await this.#newPublicationsLsn(client, start.position, publications)
    if (untilLsn !== undefined) {
      const before = knownPublications
      const old = await tableMarks(client, tables, before)
      return this.#stream(
        { ...streamed, position: start.position, publications: before, marks: old, untilLsn },
        context,
      )
    }
    const position = await this.#withTablesToRead(client, start.position, tables, mapper, context.clock)
    const known = { ...position, publications: ids, marks: [...marks.values()] }
    return this.#stream({ ...streamed, position: known, publications, untilLsn }, context)
  }

  /**
   * How far the stream has to be read with the publications that it was begun with, because the log before knows nothing of
   * the others; undefined when it has been.
   */
  async #newPublicationsLsn(
    client: Client,
    { publications: known, lsn }: PostgresPosition,
    publications: readonly string[],
  ): Promise<bigint | undefined> {
    if (known === undefined || Object.keys(known).length === 0) return undefined
    if (publications.every((name) => known[name] !== undefined)) return undefined
    // Kept: the end of the log moves on.
    this.#publishedLsn ??= await logEnd(client)
    return lsn < this.#publishedLsn ? this.#publishedLsn : undefined
  }

  /** A publication under a name that the source chose is its own, and so is Debezium's where it is to make one of its tables. */
  #making(isNew: (table: CapturedTable) => boolean): PublicationMaking {
    const { publication, createPublication: create, extendsPublication } = this.#options
    const isOwn = extendsPublication === true || publication === undefined
    return { create, ...(isOwn && { extends: isNew }) }
  }

  /** Of rows that are only ever inserted: those that are gone were never seen, and no comparison with the table shows it. */
  async #tellLost(
    client: Client,
    tables: readonly CapturedTable[],
    mapper: CaptureMapper,
    position: PostgresPosition,
    clock: Clock,
  ): Promise<void> {
    if (!mapper.idOf) return
    const lost = await lostEvents(client, tables, position)
    tellLost(this.#plan.name, tables, lost, { notifier: this.#notifier, nowMs: clock.now() })
  }

  async #snapshotOnly(client: Client, context: SourceContext): Promise<SourceSession> {
    if (context.position) return new IdleSession(context.report)
    const tables = await this.#tables(client)
    const { rows } = await client.query<{ id: string }>('select system_identifier::text as id from pg_control_system()')
    const position = { lsn: 0n, index: 0, systemId: rows[0]!.id }
    const mapper = this.#plan.mapper(tables, context.clock)
    const start: SourceStart = { position, reason: 'first', confirmedLsn: 0n }
    const marks = new Map<string, string>()
    return this.#snapshot({ client, tables, publications: {}, marks, mapper, start, slot: undefined }, context)
  }

  async #snapshot(
    found: {
      readonly client: Client
      readonly tables: readonly CapturedTable[]
      readonly publications: Readonly<Record<string, number>>
      readonly marks: TableMarks
      readonly mapper: CaptureMapper
      readonly start: SourceStart
      readonly slot: string | undefined
    },
    context: SourceContext,
  ): Promise<SourceSession> {
    const { topics, rowTopics, snapshotOrder } = this.#plan
    const [unreadable] = await readProblems(found.client, found.tables, Object.keys(found.publications))
    if (unreadable) throw unreadable
    const options = {
      ...found,
      topics: rowTopics?.(found.tables) ?? topics.map((topic) => topic.name),
      snapshotOrder,
      filters: snapshotFilters(this.#options),
      transactionMaxBytes: this.#limits.snapshotTransactionMaxBytes,
      notifier: this.#notifier,
    }
    return initialSnapshot(options, context)
  }

  async #withTablesToRead(
    client: Client,
    position: PostgresPosition,
    tables: readonly CapturedTable[],
    mapper: CaptureMapper,
    clock: Clock,
  ): Promise<PostgresPosition> {
    const { snapshot = 'initial' } = this.#options
    const isAgain = snapshot === 'always' && !this.#hasOpened
    this.#hasOpened = true
    if (mapper.idOf) return position
    const read = snapshot === 'never' ? 'none' : isAgain ? 'all' : 'added'
    const next = await withTablesToRead(client, position, tables, { filters: snapshotFilters(this.#options), read })
    tellBegun(this.#notifier, position, next, clock.now())
    return next
  }

  async #tables(client: Client): Promise<CapturedTable[]> {
    const tables: CapturedTable[] = []
    const { tables: wanted } = this.#plan
    const names = typeof wanted === 'function' ? await wanted(client) : wanted
    for (const text of names) tables.push(await readTable(client, parseTableName(text)))
    return tables
  }

  #needs(client: Client, tables: readonly CapturedTable[]): Promise<PublicationNeed[]> {
    const needs = this.#plan.publications(tables, this.#publication)
    return withSignalTable(client, needs, this.#options.signals?.table, this.#publication)
  }

  async #stream(
    found: {
      readonly position: PostgresPosition
      readonly publications: readonly string[]
      readonly mapper: CaptureMapper
      readonly tables: readonly CapturedTable[]
      readonly marks: TableMarks
      readonly untilLsn: bigint | undefined
      readonly afterXid: string
      readonly server: ServerIdentity
      readonly confirmedLsn: bigint
      readonly knownPublications: readonly string[]
    },
    { clock, client }: SourceContext,
  ): Promise<SourceSession> {
    const { position, publications, mapper, tables, marks, untilLsn, afterXid } = found
    const { name } = this.#plan
    const { url, signals: signalOptions = {}, heartbeat: heartbeatOptions = {} } = this.#options
    const { chunkMaxRows, chunkMaxBytes, heartbeatIntervalMs } = this.#limits
    const notifier = this.#notifier
    const connection = { url, applicationName: this.#applicationName }
    const snapshotter = new Snapshotter(
      {
        ...connection,
        mapper,
        publications,
        chunkRows: chunkMaxRows,
        chunkBytes: chunkMaxBytes,
        clock,
        afterXid,
        notify: (progress, event) => notifySnapshot(notifier, progress, event, clock.now()),
      },
      position.snapshot,
    )
    const captured = mapper.idOf ? [] : namesOf(tables)
    const context = { connector: name, tables: captured, notifier, client, clock, state: position.signals }
    const signals = await Signals.open(signalOptions, context)
    const heartbeat = new Heartbeat(name, heartbeatOptions, connection, clock, heartbeatIntervalMs)
    const resyncs = this.#options.snapshot === 'when-needed'
    const onLost = this.#onLost
    try {
      // Of other publications other transactions come.
      const isSame = [...publications].sort().join() === [...found.knownPublications].sort().join()
      const historyCheck = isSame ? HistoryCheck.begin(name, position, found.confirmedLsn) : undefined
      const fromLsn = historyCheck ? found.confirmedLsn : position.lsn
      const feed = await this.#feed(found.server, fromLsn, publications, clock)
      this.doctor.unseen = undefined
      const problem = (): MillraceError | undefined => this.doctor.unseen
      const names = new CapturedNames(tables, { replaceable: mapper.idOf !== undefined })
      const parts = {
        name,
        feed,
        mapper,
        snapshotter,
        signals,
        notifier,
        heartbeat,
        position,
        names,
        problem,
        untilLsn,
        historyCheck,
        explained: this.#explained,
      }
      const session = new StreamSession({ ...parts, heartbeatIntervalMs, clock, client, ...(resyncs && { onLost }) })
      // Rows that were there before the slot are in Kafka only where there was a snapshot of them.
      const published =
        mapper.idOf && position.tables !== undefined ? tables.map((table) => new PublishedRows(name, table)) : []
      const partitions = new PartitionWatch(name, mapper.idOf ? [] : tables)
      this.doctor.besideStream = async (asked) => {
        await partitions.look(asked)
        await checkStreamedTables(asked, tables, { marks, publications }).catch((error: unknown) => {
          throw mapper.idOf ? resyncDue(error, () => {}) : error
        })
        for (const rows of published) await rows.remove(asked, session.committedLsn)
      }
      return session
    } catch (error) {
      await signals.close()
      throw error
    }
  }

  #feed(
    server: ServerIdentity,
    fromLsn: bigint,
    publications: readonly string[],
    clock: Clock,
  ): Promise<ReplicationFeed> {
    const { bufferMaxBytes, statusIntervalMs, receiveTimeoutMs } = this.#limits
    return ReplicationFeed.start({
      url: this.#options.url,
      applicationName: this.#applicationName,
      slot: this.#slot,
      publications,
      fromLsn,
      server,
      bufferMaxBytes,
      statusIntervalMs,
      receiveTimeoutMs,
      clock,
    })
  }
}
