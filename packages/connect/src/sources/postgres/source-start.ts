import { isMillraceError } from '@millrace/base'
import type { Client } from 'pg'
import type { SourceContext } from '../../runtime/connector.ts'
import { decodePosition, type PostgresPosition } from './position.ts'
import { logEnd } from './server-checks.ts'
import { createSlot, dropSlot, readSlot, takeOverSlot } from './slots.ts'
import { checkStart } from './start-rules.ts'

/** What a stored position cannot be continued for, but a new snapshot can make good. */
export const lostLogCodes: ReadonlySet<string> = new Set([
  'POSTGRES_SLOT_MISSING',
  'POSTGRES_SLOT_AHEAD',
  'POSTGRES_SLOT_LOST',
  'POSTGRES_OTHER_SERVER',
])

export interface SourceStart {
  readonly position: PostgresPosition
  /** `first`: nothing was ever published. `lost`: changes since the stored position are gone. */
  readonly reason: 'first' | 'lost' | 'continue'
}

export interface StartOptions {
  readonly connector: string
  readonly slot: string
  readonly applicationName: string
  readonly systemId: string
  readonly failover: boolean
  /** Whether to begin anew where changes were lost, rather than to refuse. */
  readonly resyncs: boolean
}

/**
 * Where to go on from, with the slot created or taken over.
 *
 * @throws POSTGRES_SLOT_MISSING, POSTGRES_SLOT_AHEAD, POSTGRES_SLOT_LOST, POSTGRES_OTHER_SERVER where changes would be lost
 */
export async function startSource(client: Client, options: StartOptions, context: SourceContext): Promise<SourceStart> {
  const { connector, slot: name, systemId } = options
  const position = context.position && decodePosition(context.position, connector)
  let reason: SourceStart['reason'] = position ? 'continue' : 'first'
  try {
    const slot = await readSlot(client, name)
    if (position) {
      const confirmedLsn = slot?.confirmedLsn
      checkStart({ connector, slot: name, position, systemId, walLsn: await logEnd(client), confirmedLsn })
    }
  } catch (error) {
    if (!position || !options.resyncs || !isMillraceError(error) || !lostLogCodes.has(error.code)) throw error
    context.report(`beginning anew: ${error.message}`)
    if (error.code === 'POSTGRES_SLOT_LOST') await dropSlot(client, name)
    reason = 'lost'
  }
  const slot = await readSlot(client, name)
  if (slot) await takeOverSlot(client, name, options.applicationName, context.clock)
  if (position && reason === 'continue') return { position, reason }
  if (!slot) context.report('creating the replication slot')
  const lsn = slot?.confirmedLsn ?? (await createSlot(client, name, options.failover))
  return { position: { lsn, index: 0, systemId }, reason }
}
