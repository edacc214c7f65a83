import type { Client } from 'pg'
import { textSettings } from '../../../postgres/driver.ts'
import { parseTableName, tableText } from '../../../postgres/identifiers.ts'
import type { SourceContext } from '../../../runtime/connector.ts'
import type { CapturedTable, CaptureMapper } from '../capture.ts'
import type { PostgresPosition } from '../position.ts'
import { asPublished, both } from '../published-shape.ts'
import type { Notifier } from '../signals/notifications.ts'
import { snapshotNotification } from '../signals/signal-desk.ts'
import { SnapshotSession } from '../snapshot-session.ts'
import type { PostgresSourceOptions } from '../source-options.ts'
import type { SourceStart } from '../source-start.ts'
import type { TableMarks } from '../table-marks.ts'
import { isKnown, knownTables } from './known-tables.ts'
import { addTables } from './progress.ts'
import { planSnapshot, taskFor } from './snapshot-plan.ts'
import { topicEnds } from './vanished-keys.ts'

export interface InitialSnapshotOptions {
  readonly client: Client
  readonly tables: readonly CapturedTable[]
  /** Identities by name. */
  readonly publications: Readonly<Record<string, number>>
  readonly marks: TableMarks
  readonly mapper: CaptureMapper
  readonly start: SourceStart
  /** Undefined: no stream follows. */
  readonly slot: string | undefined
  /** Topics of the rows, for a search of what vanished. */
  readonly topics: readonly string[]
  readonly snapshotOrder: (table: CapturedTable) => string
  readonly filters: Record<string, string>
  readonly transactionMaxBytes: number
  readonly notifier: Notifier
}

/** The session that publishes what is there already, at the first start or after a slot was lost. */
export async function initialSnapshot(
  options: InitialSnapshotOptions,
  context: SourceContext,
): Promise<SnapshotSession> {
  const { client, tables, publications, mapper, start, slot, topics, filters, notifier } = options
  const isWhole = mapper.idOf !== undefined || slot === undefined
  const plan = isWhole
    ? { atOnce: tables, inParts: [] }
    : await planSnapshot(client, tables, options.transactionMaxBytes, filters)
  const progress = addTables(undefined, 'initial', 'initial', plan.inParts)
  const isSearchDue = start.reason === 'lost' && mapper.idOf === undefined
  const vanished = isSearchDue ? await topicEnds(context.client, topics) : undefined
  const shown: CapturedTable[] = []
  const conditions = { ...filters }
  for (const table of plan.atOnce) {
    const published = await asPublished(client, table, Object.keys(publications))
    shown.push(published.table)
    const name = tableText(table.relation)
    const filter = both(published.filter, filters[name])
    if (filter !== undefined) conditions[name] = filter
  }
  await client.query(textSettings)
  const { clock, signal, report } = context
  return new SnapshotSession({
    client,
    tables: shown,
    orderBy: options.snapshotOrder,
    mapper,
    systemId: start.position.systemId,
    slot,
    slotLsn: start.position.lsn,
    filters: conditions,
    further: {
      tables: knownTables(namesOf(tables)),
      publications,
      ...(start.position.timeline !== undefined && { timeline: start.position.timeline }),
      marks: [...options.marks.values()],
      ...(progress && { snapshot: progress }),
      ...(vanished && { vanished }),
    },
    notifier,
    clock,
    signal,
    report,
  })
}

/**
 * The position with the tables that are to be read beside the stream: those that were added to the options since it was
 * stored, whose rows nobody has seen yet, or all of them.
 */
export async function withTablesToRead(
  client: Client,
  position: PostgresPosition,
  tables: readonly CapturedTable[],
  options: { readonly filters: Readonly<Record<string, string>>; readonly read: 'none' | 'added' | 'all' },
): Promise<PostgresPosition> {
  const known = new Set(position.tables ?? namesOf(tables))
  const all = { ...position, tables: knownTables(namesOf(tables)) }
  const added = tables.filter(({ relation }) => !isKnown(known, tableText(relation)))
  const again = options.read === 'all' ? tables : added
  if (again.length === 0 || options.read === 'none') return all
  const xmax = await xidHorizon(client)
  const tasks = again.map((table) => taskFor(table, options.filters, added.includes(table) ? xmax : undefined))
  const progress = addTables(position.snapshot, 'initial', 'added tables', tasks)
  return { ...all, ...(progress && { snapshot: progress }) }
}

/**
 * An id that is greater than those of all transactions under way. The upper end of a snapshot would not do: transactions that
 * nobody has overtaken yet lie beyond it.
 */
export async function xidHorizon(client: Client): Promise<string> {
  const { rows } = await client.query<{ xid: string }>('select pg_current_xact_id()::text as xid')
  return rows[0]!.xid
}

/** Tells of a snapshot that was begun by `withTablesToRead`. */
export function tellBegun(notifier: Notifier, before: PostgresPosition, after: PostgresPosition, nowMs: number): void {
  if (!after.snapshot || after.snapshot === before.snapshot) return
  notifier.notify({ ...snapshotNotification(after.snapshot), type: 'STARTED' }, nowMs)
}

/** The conditions by the tables' full names. */
export function snapshotFilters({ snapshotFilters: given = {} }: PostgresSourceOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([table, filter]) => [tableText(parseTableName(table)), filter]))
}

export function namesOf(tables: readonly CapturedTable[]): string[] {
  return tables.map(({ relation }) => tableText(relation))
}
