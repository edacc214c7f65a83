import type { ClickHouseClient } from '@clickhouse/client'
import { connectError } from '../../errors.ts'
import type { SqlConnection, SqlResult } from '../sql/dialect.ts'

export interface ClickHouseOptions {
  /** `http://user:password@host:8123/database`. */
  readonly url: string
  readonly requestTimeoutMs: number
  readonly applicationName: string
}

/** `@clickhouse/client` is an optional peer: only who uses a ClickHouse sink has it. */
export async function openClickHouse(options: ClickHouseOptions): Promise<ClickHouseConnection> {
  let driver: typeof import('@clickhouse/client')
  try {
    driver = await import('@clickhouse/client')
  } catch (error) {
    throw connectError('DATABASE_DRIVER_MISSING', 'the package "@clickhouse/client" is not installed', {}, error)
  }
  const client = driver.createClient({
    url: options.url,
    application: options.applicationName,
    request_timeout: options.requestTimeoutMs,
    log: { level: driver.ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      // A batch is on disk when its insert is answered, and what it says of times is read in whatever form it is written.
      async_insert: 0,
      date_time_input_format: 'best_effort',
      date_time_overflow_behavior: 'throw',
      // Nulls are looked at before: the server would make defaults of them.
      input_format_skip_unknown_fields: 0,
    },
  })
  return new ClickHouseConnection(client)
}

/** Requests over HTTP, several at a time. */
export class ClickHouseConnection implements SqlConnection {
  readonly #client: ClickHouseClient

  constructor(client: ClickHouseClient) {
    this.#client = client
  }

  /** A statement that starts with `select` has rows. Values have no place in it. */
  async query(sql: string): Promise<SqlResult> {
    if (!/^\s*select\b/i.test(sql)) {
      await this.#client.command({ query: sql })
      return { rows: [], affected: 0 }
    }
    const result = await this.#client.query({ query: sql, format: 'JSONEachRow' })
    return { rows: await result.json<Record<string, unknown>>(), affected: 0 }
  }

  release(): void {}

  async close(): Promise<void> {
    await this.#client.close()
  }
}

/** A text as a literal. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

export function quote(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}
