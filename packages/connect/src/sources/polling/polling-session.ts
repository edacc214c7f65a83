import { type Clock, sleep } from '@millrace/base'
import type { SourceFigures, SourceOutput } from '../../runtime/connector.ts'
import { outboxHeaders } from '../outbox/outbox-headers.ts'
import type { OutboxPublisher } from '../outbox/outbox-publisher.ts'
import type { PolledRow } from './polling-database.ts'

export interface PollingParts {
  readonly name: string
  readonly publisher: OutboxPublisher
  readonly limits: { readonly pollIntervalMs: number; readonly maxRows: number; readonly maxBytes: number }
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** What both ways of polling share. */
export class Poller {
  readonly parts: PollingParts
  #lastEventMs: number | undefined

  constructor(parts: PollingParts) {
    this.parts = parts
  }

  /** Reads until there are rows or the time is up. */
  async until(read: () => Promise<PolledRow[]>, maxWaitMs: number): Promise<PolledRow[]> {
    const { clock, limits, signal } = this.parts
    const deadline = clock.now() + maxWaitMs
    for (;;) {
      const rows = await read()
      const leftMs = deadline - clock.now()
      if (rows.length > 0 || leftMs <= 0) return rows
      await sleep(clock, Math.min(limits.pollIntervalMs, leftMs), signal)
    }
  }

  publish(rows: readonly PolledRow[], output: SourceOutput): void {
    for (const row of rows) {
      const timestampMs = row.timestampMs ?? this.parts.clock.now()
      const record = {
        timestampMs: Math.floor(timestampMs),
        key: row.aggregateId === null ? null : Buffer.from(row.aggregateId),
        value: row.payload,
        headers: outboxHeaders(Buffer.from(row.id), row.headers),
      }
      const { id, aggregateType } = row
      const describe = () => ({ id, aggregateType, aggregateId: row.aggregateId ?? '', type: row.type ?? '' })
      this.parts.publisher.publish(aggregateType, record, describe, output)
      this.#lastEventMs = timestampMs
    }
  }

  figures(): SourceFigures {
    return { lagBytes: undefined, lastEventMs: this.#lastEventMs }
  }
}
