import type { StoreKind } from './store-kinds.ts'

const dayMs = 86_400_000

/** Beyond a window's retention its changelog keeps a day, so that clocks may differ. */
const windowChangelogExtraMs = dayMs

/**
 * Settings of repartition topics as Kafka Streams creates them. Records are deleted once they are consumed and committed,
 * never by age.
 */
export const repartitionConfig: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'segment.bytes': '52428800',
  'retention.ms': '-1',
  'message.timestamp.type': 'CreateTime',
}

/** Settings of a store's changelog as Kafka Streams creates it. */
export function changelogConfig(store: StoreKind): Readonly<Record<string, string>> {
  switch (store.kind) {
    case 'keyValue':
    case 'outerJoin':
    case 'subscription':
    case 'joinBuffer':
    case 'buffer':
      return { 'cleanup.policy': 'compact', 'message.timestamp.type': 'CreateTime' }
    case 'versioned':
      // Compaction would take versions away that can still be asked for.
      return {
        'cleanup.policy': 'compact',
        'min.compaction.lag.ms': String(store.historyRetentionMs + dayMs),
        'message.timestamp.type': 'CreateTime',
      }
    case 'windowList':
      // Records of one key and time all count, so that none may be compacted away.
      return {
        'cleanup.policy': 'delete',
        'retention.ms': String(store.retentionMs + windowChangelogExtraMs),
        'message.timestamp.type': 'CreateTime',
      }
    case 'window':
    case 'session':
      return {
        'cleanup.policy': 'compact,delete',
        'retention.ms': retention(store.retentionMs),
        'message.timestamp.type': 'CreateTime',
      }
  }
}

/** What Java's 64 bits cannot hold stands for ever (unlimited windows). */
function retention(storeRetentionMs: number): string {
  const ms = storeRetentionMs + windowChangelogExtraMs
  return Number.isSafeInteger(ms) ? String(ms) : '9223372036854775807'
}
