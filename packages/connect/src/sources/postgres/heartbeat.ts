import type { Clock } from '@millrace/base'
import type { Client } from 'pg'
import type { ConnectSchema } from '../../data/schema.ts'
import { connectClient } from '../../postgres/driver.ts'
import { postgresError } from '../../postgres/postgres-errors.ts'
import type { SourceOutput } from '../../runtime/connector.ts'

export interface HeartbeatOptions {
  /** Topic that each heartbeat is written to, as `{"ts_ms": …}`. Default: none; the position moves anyway. */
  readonly topic?: string
  /** In the record's key. Default: the connector's name. */
  readonly key?: string
  /** Statement that is run at each heartbeat, for instance one that writes to a captured table. */
  readonly query?: string
}

const keySchema: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.connector.common.ServerNameKey',
  version: 1,
  fields: [{ name: 'serverName', schema: { type: 'string' } }],
}
const valueSchema: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.connector.common.Heartbeat',
  version: 1,
  fields: [{ name: 'ts_ms', schema: { type: 'int64' } }],
}

/** What happens at regular times whether the database changes or not. */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #connection: { readonly url: string; readonly applicationName: string }
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #key: string
  #client: Client | undefined
  #lastMs: number

  constructor(
    connector: string,
    options: HeartbeatOptions,
    connection: { readonly url: string; readonly applicationName: string },
    clock: Clock,
    intervalMs: number,
  ) {
    this.#options = options
    this.#connection = connection
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#key = options.key ?? connector
    this.#lastMs = clock.now()
  }

  /** Does what is due. @throws POSTGRES_STATEMENT_FAILED for a query that the database refuses */
  async beat(output: SourceOutput): Promise<void> {
    const { topic, query } = this.#options
    if (topic === undefined && query === undefined) return
    const nowMs = this.#clock.now()
    if (nowMs - this.#lastMs < this.#intervalMs) return
    this.#lastMs = nowMs
    if (query !== undefined) await this.#run(query)
    if (topic === undefined) return
    output.record({
      topic,
      partition: undefined,
      timestampMs: nowMs,
      key: { schema: keySchema, value: { serverName: this.#key } },
      value: { schema: valueSchema, value: { ts_ms: BigInt(nowMs) } },
      headers: [],
    })
  }

  async #run(query: string): Promise<void> {
    const { url, applicationName } = this.#connection
    try {
      this.#client ??= await connectClient(url, applicationName)
      await this.#client.query(query)
    } catch (error) {
      await this.close()
      throw postgresError(error, 'running the query of the heartbeat')
    }
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }
}
