import type { Client } from 'pg'
import { tableText } from '../../../postgres/identifiers.ts'
import type { CapturedTable } from '../capture.ts'
import type { TableTask } from './progress.ts'

/** The table with everything that belongs to it: partitions, large values, indexes left out. */
const sizeQuery = `
  select coalesce(sum(pg_table_size(relid)), 0)::float8 as bytes
    from (select relid from pg_partition_tree($1::oid::regclass) union select $1::oid::regclass) t`

/** Tables in what order and manner an initial snapshot reads them. */
export interface SnapshotPlan {
  /** In one Kafka transaction, so that they become visible at once. */
  readonly atOnce: readonly CapturedTable[]
  /** In parts beside the stream: they would not fit into the longest transaction that brokers allow. */
  readonly inParts: readonly TableTask[]
}

/**
 * Small tables are read at once, the smallest first, up to `maxBytes` together. Tables without a key cannot be read in parts
 * without publishing rows twice after a crash, and therefore are always read at once.
 */
export async function planSnapshot(
  client: Client,
  tables: readonly CapturedTable[],
  maxBytes: number,
  filters: Readonly<Record<string, string>> = {},
): Promise<SnapshotPlan> {
  const sized: { table: CapturedTable; bytes: number }[] = []
  for (const table of tables) {
    const { rows } = await client.query<{ bytes: number }>(sizeQuery, [table.relation.oid])
    sized.push({ table, bytes: rows[0]?.bytes ?? 0 })
  }
  const keyless = sized.filter(({ table }) => !isKeyed(table))
  const keyed = sized.filter(({ table }) => isKeyed(table)).sort((a, b) => a.bytes - b.bytes)
  let left = maxBytes - keyless.reduce((sum, { bytes }) => sum + bytes, 0)
  const fitting = new Set<CapturedTable>(keyless.map(({ table }) => table))
  for (const { table, bytes } of keyed) {
    left -= bytes
    if (left >= 0) fitting.add(table)
  }
  return {
    atOnce: tables.filter((table) => fitting.has(table)),
    inParts: tables.filter((table) => !fitting.has(table)).map((table) => taskFor(table, filters)),
  }
}

/** A table as a task of a snapshot that runs beside the stream. */
export function taskFor(
  { relation }: CapturedTable,
  filters: Readonly<Record<string, string>> = {},
  afterXid?: string,
): TableTask {
  const table = tableText(relation)
  const filter = filters[table]
  return { table, ...(filter !== undefined && { filter }), ...(afterXid !== undefined && { afterXid }) }
}

function isKeyed({ relation, primaryKey, hasReplicaIdentity }: CapturedTable): boolean {
  if (relation.replicaIdentity === 'i') return hasReplicaIdentity
  return primaryKey.length > 0 && primaryKey.every((name) => relation.columns.some((column) => column.name === name))
}
