import type { Client } from 'pg'
import { connectClient, textSettings } from '../../../postgres/driver.ts'
import { postgresError } from '../../../postgres/postgres-errors.ts'
import type { Relation } from '../row.ts'
import type { TableFacts } from './envelope-mapper.ts'
import { describeTable, readTypes } from './table-description.ts'

/** Asks the catalog about tables of the stream, over a connection that is opened when one appears or is altered. */
export class CatalogFacts {
  readonly #url: string
  readonly #applicationName: string
  #client: Client | undefined

  constructor(url: string, applicationName: string) {
    this.#url = url
    this.#applicationName = applicationName
  }

  async read(relation: Relation, client?: Client): Promise<TableFacts> {
    try {
      if (client) return await factsOf(client, relation)
      return await factsOf(await this.#connected(), relation)
    } catch (error) {
      await this.close()
      throw postgresError(error, `reading the definition of ${relation.schema}.${relation.name}`)
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
