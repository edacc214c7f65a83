import { type Clock, type MillraceError, sleep } from '@millrace/base'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { codeOf, postgresError } from '../../postgres/postgres-errors.ts'
import { isSameConnector } from './application-name.ts'
import { parseLsn } from './lsn.ts'

const takeoverWaitMs = 5_000

export interface SlotState {
  readonly confirmedLsn: bigint
  /** Transactions with smaller ids had ended before the slot was created, as long as nothing has been confirmed. */
  readonly catalogXmin: string
  readonly activePid: number | undefined
  /** What the process that reads from the slot calls itself, where we may see it. */
  readonly activeApplication: string | undefined
}

interface SlotRow {
  readonly plugin: string | null
  readonly database: string | null
  readonly current: string
  readonly active_pid: number | null
  readonly confirmed: string | null
  readonly catalog_xmin: string | null
  readonly wal_status: string | null
  readonly application: string | null
}

/** The slot's state; undefined when there is none. @throws POSTGRES_SLOT_FOREIGN, POSTGRES_SLOT_LOST */
export async function readSlot(client: Client, slot: string): Promise<SlotState | undefined> {
  const { rows } = await client.query<SlotRow>(
    `select s.plugin, s.database, current_database() as current, s.active_pid, s.confirmed_flush_lsn::text as confirmed,
            s.catalog_xmin::text as catalog_xmin,
            s.wal_status, a.application_name as application
       from pg_replication_slots s left join pg_stat_activity a on a.pid = s.active_pid
      where s.slot_name = $1`,
    [slot],
  )
  const row = rows[0]
  if (!row) return undefined
  if (row.plugin !== 'pgoutput' || row.database !== row.current) {
    const what = `belongs to database "${row.database ?? '(physical)'}" with plugin "${row.plugin ?? 'none'}"`
    throw connectError('POSTGRES_SLOT_FOREIGN', `replication slot "${slot}" ${what}`, { slot })
  }
  if (row.wal_status === 'lost') {
    throw connectError('POSTGRES_SLOT_LOST', `replication slot "${slot}" has lost log that it still needed`, { slot })
  }
  return {
    confirmedLsn: row.confirmed === null ? 0n : parseLsn(row.confirmed),
    catalogXmin: row.catalog_xmin ?? '0',
    activePid: row.active_pid ?? undefined,
    activeApplication: row.application ?? undefined,
  }
}

/** The error for a slot that somebody else reads from. */
export function slotTaken(slot: string, state: SlotState): MillraceError {
  const who = state.activeApplication ? ` ("${state.activeApplication}")` : ''
  const message = `replication slot "${slot}" is being read by process ${state.activePid}${who} of the server`
  return connectError('POSTGRES_SLOT_TAKEN', message, { slot, pid: state.activePid })
}

/**
 * Ends the connection of a predecessor of the same name. Its producer is fenced by now, so it cannot publish anything any
 * more; its connection may still be held by a machine that is gone. Whoever else reads the slot is left alone.
 *
 * @throws POSTGRES_SLOT_TAKEN
 */
export async function takeOverSlot(client: Client, slot: string, applicationName: string, clock: Clock): Promise<void> {
  const deadlineMs = clock.now() + takeoverWaitMs
  for (;;) {
    const state = await readSlot(client, slot)
    if (!state?.activePid) return
    if (!isSameConnector(state.activeApplication, applicationName) || clock.now() > deadlineMs)
      throw slotTaken(slot, state)
    await client.query('select pg_terminate_backend($1)', [state.activePid])
    await sleep(clock, 50)
  }
}

/** From this version on slots can be kept in step on standbys. */
const failoverVersion = 170_000

/**
 * Creates the slot and returns from where it reads. The server waits here for transactions that are under way. With
 * `failover` a standby that synchronises slots can take over with it (PostgreSQL 17 and newer).
 */
export async function createSlot(client: Client, slot: string, failover: boolean): Promise<bigint> {
  try {
    const server = await client.query<{ version: number; standby: boolean }>(
      "select current_setting('server_version_num')::int as version, pg_is_in_recovery() as standby",
    )
    const { version, standby } = server.rows[0]!
    const isFailover = failover && version >= failoverVersion && !standby
    const { rows } = await client.query<{ lsn: string }>(
      `select lsn::text from pg_create_logical_replication_slot($1, 'pgoutput'${isFailover ? ', failover => true' : ''})`,
      [slot],
    )
    return parseLsn(rows[0]!.lsn)
  } catch (error) {
    if (codeOf(error) === '53400') {
      throw connectError('POSTGRES_SLOTS_EXHAUSTED', (error as Error).message, { slot }, error)
    }
    throw postgresError(error, `creating replication slot "${slot}"`, { slot })
  }
}

export async function dropSlot(client: Client, slot: string): Promise<void> {
  try {
    await client.query('select pg_drop_replication_slot($1)', [slot])
  } catch (error) {
    // Somebody else was quicker.
    if (codeOf(error) === '42704') return
    if (codeOf(error) === '55006') throw connectError('POSTGRES_SLOT_TAKEN', (error as Error).message, { slot }, error)
    throw postgresError(error, `dropping replication slot "${slot}"`, { slot })
  }
}
