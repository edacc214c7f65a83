import type { MillraceError } from '@millrace/base'
import { isMillraceError } from '@millrace/base'
import { resolveLimits } from '@millrace/base/internal'
import type { Client } from 'pg'
import { connectClient, textSettings } from '../../postgres/driver.ts'
import { parseTableName } from '../../postgres/identifiers.ts'
import { postgresError } from '../../postgres/postgres-errors.ts'
import type { SourceConnector, SourceContext, SourceSession, TopicSpec } from '../../runtime/connector.ts'
import { applicationName, isSameConnector, isSibling } from './application-name.ts'
import type { CapturedTable, CaptureMapper, PublicationNeed } from './capture.ts'
import { readTable } from './catalog.ts'
import { decodePosition, type PostgresPosition } from './position.ts'
import { ensurePublication, publicationProblem } from './publications.ts'
import { ReplicationFeed } from './replication-feed.ts'
import { logEnd, serverIdentity, serverProblems } from './server-checks.ts'
import { createSlot, readSlot, slotTaken, takeOverSlot } from './slots.ts'
import { SnapshotSession } from './snapshot-session.ts'
import { type PostgresSourceOptions, slotNameFor, sourceLimits } from './source-options.ts'
import { checkStart } from './start-rules.ts'
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
    let isHandedOver = false
    try {
      const [problem] = await serverProblems(client)
      if (problem) throw problem
      const systemId = await serverIdentity(this.#options.url, this.#applicationName)
      const tables = await this.#tables(client)
      const needs = this.#plan.publications(tables, this.#publication)
      const mapper = this.#plan.mapper(tables)
      // The publication first: the slot's history must know it, or decoding ends with "publication does not exist".
      for (const need of needs) await ensurePublication(client, need)
      const start = await this.#start(client, systemId, context)
      if (start.isSnapshotDue) {
        isHandedOver = true
        await client.query(textSettings)
        const { clock, signal, report } = context
        const { lsn: slotLsn } = start.position
        const orderBy = this.#plan.snapshotOrder
        const slot = this.#slot
        return new SnapshotSession({ client, tables, orderBy, mapper, systemId, slot, slotLsn, clock, signal, report })
      }
      return await this.#stream(start.position, needs, mapper, context)
    } catch (error) {
      throw postgresError(error, `starting ${this.#plan.name}`, { connector: this.#plan.name })
    } finally {
      if (!isHandedOver) await client.end().catch(() => {})
    }
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

  /** Where to go on from; refuses where changes would be lost. */
  async #start(
    client: Client,
    systemId: string,
    context: SourceContext,
  ): Promise<{ position: PostgresPosition; isSnapshotDue: boolean }> {
    const { name } = this.#plan
    const slot = await readSlot(client, this.#slot)
    if (context.position) {
      const position = decodePosition(context.position, name)
      const confirmedLsn = slot?.confirmedLsn
      checkStart({ connector: name, slot: this.#slot, position, systemId, walLsn: await logEnd(client), confirmedLsn })
    }
    if (slot) await takeOverSlot(client, this.#slot, this.#applicationName, context.clock)
    if (context.position) return { position: decodePosition(context.position, name), isSnapshotDue: false }
    if (!slot) context.report('creating the replication slot')
    const lsn = slot?.confirmedLsn ?? (await createSlot(client, this.#slot))
    return { position: { lsn, index: 0, systemId }, isSnapshotDue: this.#options.snapshot !== 'never' }
  }

  async #stream(
    position: PostgresPosition,
    needs: readonly PublicationNeed[],
    mapper: CaptureMapper,
    { clock }: SourceContext,
  ): Promise<SourceSession> {
    const { bufferMaxBytes, statusIntervalMs, receiveTimeoutMs, heartbeatIntervalMs } = this.#limits
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
    return new StreamSession({ name: this.#plan.name, feed, mapper, position, heartbeatIntervalMs, clock })
  }
}
