import type { Client } from 'pg'
import { quoteTable, tableText } from '../../postgres/identifiers.ts'
import { reportNotice } from '../../runtime/diagnostics.ts'
import type { CapturedTable } from './capture.ts'
import { formatLsn } from './lsn.ts'
import type { PostgresPosition } from './position.ts'
import { logEnd } from './server-checks.ts'
import type { Notifier } from './signals/notifications.ts'

/** What became of the events of an outbox between the stored position and the log that a new slot holds. */
export interface LostEvents {
  readonly fromLsn: bigint
  readonly toLsn: bigint
  /** Undefined where the table does not count its rows, or nothing says which one was published last. */
  readonly rows:
    | {
        readonly afterPosition: string
        readonly toPosition: string
        /** They are published anew. */
        readonly inTable: string
        /** Deleted before anybody read them; rolled back ones count too, since nothing tells them apart. */
        readonly gone: string
      }
    | undefined
}

/**
 * Asked while no slot captures the table, so that every row which is written from here on stays in it, or comes with the
 * new slot's log.
 */
export async function lostEvents(
  client: Client,
  [table]: readonly CapturedTable[],
  { lsn, youngest }: PostgresPosition,
): Promise<LostEvents> {
  const range = { fromLsn: lsn, toLsn: await logEnd(client) }
  const isCounted = table?.relation.columns.some((column) => column.name === 'position')
  if (!table || !isCounted || youngest === undefined) return { ...range, rows: undefined }
  const name = quoteTable(table.relation)
  const sequence = await client.query<{ name: string | null }>(
    `select pg_get_serial_sequence($1, 'position') as name`,
    [name],
  )
  const { name: counter } = sequence.rows[0]!
  if (counter === null) return { ...range, rows: undefined }
  const { rows } = await client.query<{ last: string; present: string; gone: string }>(
    `select last, present, greatest(last - $1::int8 - present, 0)::text as gone
       from (select (select last_value from ${counter}) as last,
                    (select count(*) from ${name} where position > $1::int8) as present) counted`,
    [youngest],
  )
  const { last, present, gone } = rows[0]!
  const found = { afterPosition: youngest, toPosition: String(last), inTable: String(present), gone }
  return { ...range, rows: BigInt(found.toPosition) < BigInt(youngest) ? undefined : found }
}

/** Says it to people and programs: what is gone must not go unnoticed. */
export function tellLost(
  connector: string,
  tables: readonly CapturedTable[],
  lost: LostEvents,
  to: { readonly notifier: Notifier; readonly nowMs: number },
): void {
  const { rows } = lost
  const [from, until] = [formatLsn(lost.fromLsn), formatLsn(lost.toLsn)]
  const where = `between ${from} and ${until} of the log`
  const names = tables.map(({ relation }) => tableText(relation)).join(', ')
  const text = rows
    ? `of the events at positions ${BigInt(rows.afterPosition) + 1n} to ${rows.toPosition} of ${names} ${rows.inTable} are in the table and published, ${rows.gone} were deleted or rolled back ${where}`
    : `events that were deleted ${where} are lost, and nothing counts them`
  if (rows?.gone !== '0') reportNotice(connector, text)
  to.notifier.notify(
    {
      id: 'lost-events',
      aggregate_type: 'Resynchronisation',
      type: rows?.gone === '0' ? 'COMPLETED' : 'EVENTS_LOST',
      additional_data: {
        from_lsn: from,
        to_lsn: until,
        ...(rows && {
          after_position: rows.afterPosition,
          to_position: rows.toPosition,
          in_table: rows.inTable,
          gone: rows.gone,
        }),
      },
    },
    to.nowMs,
  )
}
