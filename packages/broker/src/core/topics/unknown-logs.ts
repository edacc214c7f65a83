import { brokerError } from '../../errors.ts'
import type { CleanShutdown } from '../clean-shutdown.ts'
import type { BrokerStorage } from '../storage/storage.ts'

/** What the journal says about topics. */
export interface KnownTopics {
  readonly clusterId: string
  has(topicId: string): boolean
  /** Whether it was deleted; its files may be left. */
  wasDeleted(topicId: string): boolean
}

const folder = 'logs'
const strayEnd = '.stray'

/**
 * Throws BROKER_DATA_DAMAGED when the journal has lost what other files prove it once held: all of it, or topics whose logs a
 * clean stop has noted. Nothing has been changed by then, so that the journal can be put back.
 */
export function checkNothingIsMissing(
  storage: BrokerStorage,
  known: KnownTopics,
  checkpoint: CleanShutdown | undefined,
): void {
  const logs = storage.list(folder)
  if (known.clusterId === '' && logs.length > 0) {
    throw brokerError(
      'BROKER_DATA_DAMAGED',
      `there are ${logs.length} logs, and metadata/journal.log knows of no topic`,
    )
  }
  const noted = new Set([...(checkpoint?.keys() ?? [])].map((key) => key.split('/', 1)[0]!))
  const missing = [...noted].filter((id) => !known.has(id) && !known.wasDeleted(id))
  if (missing.length === 0) return
  const message = `metadata/journal.log knows nothing of ${missing.length} topics that the last clean stop has noted: its end is missing`
  throw brokerError('BROKER_DATA_DAMAGED', message, { topicIds: missing.join(' ') })
}

/**
 * Removes what is left of deleted topics. Logs of topics that nobody knows are put aside as `<topic id>.stray`, never deleted: a power
 * loss or a damaged disk may have taken the topic's record and left its data. Returns the ids of those.
 */
export function putUnknownLogsAside(
  storage: BrokerStorage,
  known: KnownTopics,
  remove: (topicId: string) => void,
): string[] {
  const strays: string[] = []
  for (const name of storage.list(folder)) {
    if (known.has(name) || name.endsWith(strayEnd)) continue
    if (known.wasDeleted(name)) {
      remove(name)
      continue
    }
    try {
      storage.rename(`${folder}/${name}`, `${folder}/${name}${strayEnd}`)
    } catch {
      // On a disk that refuses they stay where they are, and nobody reads them there either.
    }
    strays.push(name)
  }
  return strays
}
