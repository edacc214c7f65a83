import { isMillraceError, MillraceError } from '@millrace/base'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteLiteral } from '../../postgres/identifiers.ts'
import type { SourceContext } from '../../runtime/connector.ts'
import { reportNotice } from '../../runtime/diagnostics.ts'
import type { CapturedTable } from './capture.ts'
import { decodePosition, type PostgresPosition } from './position.ts'
import { checkPublications } from './publications.ts'
import { logEnd, type ServerIdentity } from './server-checks.ts'
import { createSlot, dropSlot, readSlot, takeOverSlot } from './slots.ts'
import { checkStart } from './start-rules.ts'
import { checkTableMarks } from './table-marks.ts'

/** What a stored position cannot be continued for, but a new snapshot can make good. */
const lostLogCodes: ReadonlySet<string> = new Set([
  'POSTGRES_SLOT_MISSING',
  'POSTGRES_SLOT_AHEAD',
  'POSTGRES_SLOT_LOST',
  'POSTGRES_OTHER_SERVER',
  'POSTGRES_PUBLICATION_LOST',
  'POSTGRES_CHANGES_UNSEEN',
  'POSTGRES_TEXT_INVALID',
])

/** With these the slot is of no more use, either. */
const slotIsUseless: ReadonlySet<string> = new Set([
  'POSTGRES_SLOT_LOST',
  'POSTGRES_PUBLICATION_LOST',
  'POSTGRES_CHANGES_UNSEEN',
  'POSTGRES_TEXT_INVALID',
])

export interface SourceStart {
  readonly position: PostgresPosition
  /** `first`: nothing was ever published. `lost`: changes since the stored position are gone. */
  readonly reason: 'first' | 'lost' | 'continue'
  /** What the slot has confirmed: from there on the server still sends. */
  readonly confirmedLsn: bigint
}

export interface StartOptions {
  readonly connector: string
  readonly slot: string
  readonly applicationName: string
  readonly server: ServerIdentity
  readonly failover: boolean
  readonly tables: readonly CapturedTable[]
  readonly isOutbox: boolean
  /** Whether to begin anew where changes were lost, rather than to refuse. */
  readonly resyncs: boolean
  /** What the last session found lost while it read. */
  readonly lost: MillraceError | undefined
  /** Called before a new slot is made, while none holds what is written. */
  readonly onLost: (position: PostgresPosition) => Promise<void>
}

/**
 * Where to go on from, with the slot created or taken over.
 *
 * @throws POSTGRES_SLOT_MISSING, POSTGRES_SLOT_AHEAD, POSTGRES_SLOT_LOST, POSTGRES_OTHER_SERVER,
 * POSTGRES_PUBLICATION_LOST where changes would be lost
 */
export async function startSource(client: Client, options: StartOptions, context: SourceContext): Promise<SourceStart> {
  const { connector, slot: name, server } = options
  const position = context.position && decodePosition(context.position, connector)
  let reason: SourceStart['reason'] = position ? 'continue' : 'first'
  try {
    if (options.lost) throw options.lost
    const slot = await readSlot(client, name)
    if (position) {
      await checkPublications(client, position.publications ?? {})
      if (!options.isOutbox) await checkTableMarks(client, position, options.tables)
      const confirmedLsn = slot?.confirmedLsn
      checkStart({ connector, slot: name, position, server, walLsn: await logEnd(client), confirmedLsn })
    }
  } catch (error) {
    if (!position || !options.resyncs || !isMillraceError(error) || !lostLogCodes.has(error.code)) throw error
    context.report(`beginning anew: ${error.message}`)
    reportNotice(connector, `publishes its tables anew: ${error.message}`)
    if (slotIsUseless.has(error.code)) await dropSlot(client, name)
    await options.onLost(position)
    reason = 'lost'
  }
  const slot = await readSlot(client, name)
  if (slot) await takeOverSlot(client, name, options.applicationName, context.clock)
  const { timeline, systemId } = server
  if (slot && position && reason === 'continue') {
    return { position: { ...position, timeline }, reason, confirmedLsn: slot.confirmedLsn }
  }
  if (!slot) context.report('creating the replication slot')
  const lsn = slot?.confirmedLsn ?? (await createSlot(client, name, options.failover))
  return { position: { lsn, index: 0, systemId, timeline }, reason, confirmedLsn: lsn }
}

/** The same error with what to do about this very source: names, statements, and what is lost. */
export function withWayOut(
  error: unknown,
  { connector, slot, isOutbox }: { readonly connector: string; readonly slot: string; readonly isOutbox: boolean },
): unknown {
  if (!isMillraceError(error) || !lostLogCodes.has(error.code) || error.code === 'POSTGRES_TEXT_INVALID') return error
  const drop =
    error.code === 'POSTGRES_SLOT_MISSING' ? '' : `SELECT pg_drop_replication_slot(${quoteLiteral(slot)}); then `
  const lost = isOutbox
    ? 'Events that only the log held are lost, they are in no table any more; rows that are still in the outbox are published, their ids unchanged.'
    : 'The source then publishes all rows of its tables anew; with `snapshot: "when-needed"` it does all of that by itself, and deletes what has gone.'
  const remedy = `To begin anew: ${drop}"millrace connect forget ${connector}". ${lost}`
  const { code, message, retriable, fields, cause } = error
  return new MillraceError(code, message, { retriable, remedy, fields, cause })
}

/** The same error, or one that makes the runner open the source anew where what is lost is made good by that. */
export function resyncDue(error: unknown, onLost: (error: MillraceError) => void): unknown {
  if (!isMillraceError(error) || !lostLogCodes.has(error.code)) return error
  onLost(error)
  return connectError('POSTGRES_RESYNC_DUE', error.message, {}, error)
}
