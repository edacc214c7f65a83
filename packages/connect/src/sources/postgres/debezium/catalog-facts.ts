import { type Clock, sleep } from '@millrace/base'
import type { Client } from 'pg'
import { connectClient, textSettings } from '../../../postgres/driver.ts'
import { postgresError } from '../../../postgres/postgres-errors.ts'
import type { Relation } from '../row.ts'
import { snapshotVisibility } from '../visibility.ts'
import type { FactsReader, TableFacts } from './envelope-mapper.ts'
import { describeTable, readTypes } from './table-description.ts'

const visiblePollMs = 5

/** Asks the catalog about tables of the stream, over a connection that is opened when one appears or is altered. */
export class CatalogFacts implements FactsReader {
  readonly #url: string
  readonly #applicationName: string
  readonly #clock: Clock
  #client: Client | undefined

  constructor(url: string, applicationName: string, clock: Clock) {
    this.#url = url
    this.#applicationName = applicationName
    this.#clock = clock
  }

  async read(relation: Relation, from: { readonly client: Client } | { readonly xid: number }): Promise<TableFacts> {
    if ('client' in from) return factsOf(from.client, relation)
    try {
      const client = await this.#connected()
      await this.#untilVisible(client, from.xid)
      return await factsOf(client, relation)
    } catch (error) {
      await this.close()
      throw postgresError(error, `reading the definition of ${relation.schema}.${relation.name}`)
    }
  }

  /**
   * The stream may bring a transaction some moments before others see it: it is sent when its commit is in the log, which is
   * before its id is taken from the list of those that run. A table that it created would not be found.
   */
  async #untilVisible(client: Client, xid: number): Promise<void> {
    for (;;) {
      const { rows } = await client.query<{ snapshot: string }>('select pg_current_snapshot()::text as snapshot')
      if (snapshotVisibility(rows[0]!.snapshot)(xid)) return
      await sleep(this.#clock, visiblePollMs)
    }
  }

  async #connected(): Promise<Client> {
    if (!this.#client) {
      this.#client = await connectClient(this.#url, this.#applicationName)
      await this.#client.query(textSettings)
    }
    return this.#client
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }
}

async function factsOf(client: Client, relation: Relation): Promise<TableFacts> {
  const description = await describeTable(client, relation)
  // The catalog may be ahead of the stream: the types are those of the stream.
  const typeOf = await readTypes(client, [...new Set(relation.columns.map((column) => column.typeOid))])
  return { typeOf, description }
}
