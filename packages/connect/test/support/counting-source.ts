import type { ConnectRecord } from '../../src/data/record.ts'
import type { SourceConnector } from '../../src/runtime/connector.ts'

/**
 * A user's source: numbers from 0 to `limit`, some per pull, its position the number that comes next.
 */
export function countingSource(options: {
  readonly name: string
  readonly limit: number
  readonly perPull?: number
  readonly record: (n: number) => ConnectRecord
  readonly more?: Partial<SourceConnector>
}): SourceConnector {
  const { name, limit, perPull = 10, record, more } = options
  return {
    kind: 'source',
    name,
    topics: [],
    newTopic: (topic) => ({ name: topic, partitions: 2 }),
    open: async ({ position }) => {
      let next = Number(position?.next ?? 0)
      return {
        pull: async (output, maxWaitMs) => {
          if (next >= limit) {
            await new Promise((resolve) => setTimeout(resolve, Math.min(maxWaitMs, 20)))
            return undefined
          }
          for (let i = 0; i < perPull && next < limit && !output.isFull; i++) output.record(record(next++))
          return { position: { version: 1, next }, transaction: 'commit' }
        },
        commit: async () => {},
        figures: () => ({ lagBytes: undefined, lastEventMs: undefined }),
        close: async () => {},
      }
    },
    ...more,
  }
}

/** Schemaless data for a topic. */
export function plainRecord(
  topic: string,
  key: unknown,
  value: unknown,
  more: Partial<ConnectRecord> = {},
): ConnectRecord {
  const data = (of: unknown) => ({ schema: undefined, value: of })
  return { topic, partition: undefined, timestampMs: 1_000, key: data(key), value: data(value), headers: [], ...more }
}
