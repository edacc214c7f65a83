import { connectError } from '../../errors.ts'
import { formatLsn } from './lsn.ts'
import type { PostgresPosition } from './position.ts'
import type { ServerIdentity } from './server-checks.ts'

/**
 * Refuses to start where changes would be left out without anyone noticing. PostgreSQL itself begins silently at the
 * greater of the position asked for and the one that the slot has confirmed.
 *
 * @throws POSTGRES_OTHER_SERVER, POSTGRES_SLOT_MISSING, POSTGRES_SLOT_AHEAD
 */
export function checkStart(state: {
  readonly connector: string
  readonly slot: string
  readonly position: PostgresPosition
  readonly server: ServerIdentity
  readonly walLsn: bigint
  /** Undefined when the slot does not exist. */
  readonly confirmedLsn: bigint | undefined
}): void {
  const { connector, slot, position, server, walLsn, confirmedLsn } = state
  const at = formatLsn(position.lsn)
  const fields = { connector, slot, position: at }
  if (position.systemId !== server.systemId) {
    const message = `the position of ${connector} is about server ${position.systemId}, this one is ${server.systemId}`
    throw connectError('POSTGRES_OTHER_SERVER', message, fields)
  }
  if (position.lsn > walLsn) {
    const message = `the position of ${connector} is ${at}, but the server's log ends at ${formatLsn(walLsn)}`
    throw connectError('POSTGRES_OTHER_SERVER', message, fields)
  }
  const { timeline = server.timeline } = position
  if (timeline !== server.timeline) {
    const leftAt = server.history.get(timeline) ?? 0n
    // Within a transaction its commit record, which begins at the position, has to be there, too.
    if (position.index > 0 ? position.lsn >= leftAt : position.lsn > leftAt) {
      const message = `the position of ${connector} is ${at} of timeline ${timeline}, and timeline ${server.timeline} of this server does not contain it`
      throw connectError('POSTGRES_OTHER_SERVER', message, fields)
    }
  }
  if (confirmedLsn === undefined) {
    const message = `replication slot "${slot}" is gone, and ${connector} has to go on from ${at}`
    throw connectError('POSTGRES_SLOT_MISSING', message, fields)
  }
  if (confirmedLsn > position.lsn) {
    const message = `replication slot "${slot}" stands at ${formatLsn(confirmedLsn)}, ahead of the stored position ${at}`
    throw connectError('POSTGRES_SLOT_AHEAD', message, fields)
  }
}
