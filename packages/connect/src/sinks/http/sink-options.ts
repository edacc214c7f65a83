import type { LimitTable } from '@millrace/base/internal'

export const httpLimits = {
  maxBatchRecords: { default: 1, min: 1, max: 10_000, reached: 'The rest goes into further requests.' },
  requestTimeoutMs: { default: 30_000, min: 1, max: 3_600_000, reached: 'The request is given up and tried again.' },
} as const satisfies LimitTable

/** A record as the body of a request sees it. */
export interface HttpRecord<K, V> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number | undefined
  readonly key: K | null
  readonly value: V | null
}

export interface HttpSinkOptions<K, V> {
  /** Names the consumer group. Default `<topic>-to-http`. */
  readonly name?: string
  /** Where to send; `{topic}` and `{key}` stand for those of the record, which then goes alone. */
  readonly url: string
  /** Default `POST`. */
  readonly method?: 'POST' | 'PUT' | 'PATCH'
  /** Sent with every request: `{ authorization: 'Bearer …' }`. */
  readonly headers?: Readonly<Record<string, string>>
  /** What is sent of a record, as JSON. Default: its value. */
  readonly body?: (record: HttpRecord<K, V>) => unknown
  /** Tombstones: `delete` sends a DELETE without a body to the record's url; `dead-letter` is the default. */
  readonly onTombstone?: 'delete' | 'skip' | 'dead-letter'
  /** What to do with a record that cannot be read or that the service refuses. Default `dead-letter`. */
  readonly onBadRecord?: 'dead-letter' | 'fail'
  readonly limits?: { readonly [Name in keyof typeof httpLimits]?: number }
}
