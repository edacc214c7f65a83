const dayMs = 86_400_000

/** Beyond a window's retention its changelog keeps a day, so that clocks may differ. */
const windowChangelogExtraMs = dayMs

/** Settings of internal topics as Kafka Streams creates them. */
export function internalTopicConfig(
  topic: { kind: 'repartition' } | { kind: 'table' } | { kind: 'window'; retentionMs: number },
): Readonly<Record<string, string>> {
  switch (topic.kind) {
    case 'repartition':
      // Records are deleted once they are consumed and committed, never by age.
      return {
        'cleanup.policy': 'delete',
        'segment.bytes': '52428800',
        'retention.ms': '-1',
        'message.timestamp.type': 'CreateTime',
      }
    case 'table':
      return { 'cleanup.policy': 'compact', 'message.timestamp.type': 'CreateTime' }
    case 'window':
      return {
        'cleanup.policy': 'compact,delete',
        'retention.ms': String(topic.retentionMs + windowChangelogExtraMs),
        'message.timestamp.type': 'CreateTime',
      }
  }
}
