import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { StateDirectory } from './lmdb/state-directory.ts'

/** What else than state lies in the directory: the identity of the instance stays, so that it ends what it left open. */
const kept = /^instance\.mdb/

/**
 * Deletes the state of an application from this machine's disk: what `KafkaStreams#cleanUp` does. Returns the names of what was
 * deleted, or would be with `preview`.
 *
 * @throws STREAMS_STATE_LOCKED while an instance uses it
 * @example
 * await deleteState({ stateDir: '.millrace/state', applicationId: 'spend' })
 */
export async function deleteState(options: {
  readonly stateDir: string
  readonly applicationId: string
  readonly preview?: boolean
}): Promise<string[]> {
  const { stateDir, applicationId, preview = false } = options
  if (!existsSync(join(stateDir, applicationId))) return []
  const directory = await StateDirectory.open(stateDir, applicationId, randomUUID)
  try {
    const found = readdirSync(directory.path).filter((name) => !kept.test(name))
    if (!preview) for (const name of found) rmSync(join(directory.path, name), { recursive: true, force: true })
    return found.sort()
  } finally {
    await directory.close()
  }
}
