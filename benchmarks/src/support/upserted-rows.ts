import pg from 'pg'
import type { Load } from './load.ts'

export interface UpsertedRow {
  readonly customer_id: string
  readonly amount_cents: number
  readonly currency: string
  readonly status: string
  readonly note: string
}

/** Each key comes twice, far apart, so that half of the writes are updates. */
const repeats = 2

const schema = {
  type: 'struct',
  optional: false,
  fields: [
    { field: 'customer_id', type: 'string', optional: false },
    { field: 'amount_cents', type: 'int32', optional: false },
    { field: 'currency', type: 'string', optional: false },
    { field: 'status', type: 'string', optional: false },
    { field: 'note', type: 'string', optional: false },
  ],
}

/** Rows of about 150 bytes, with their schema as Kafka Connect's JSON converter has it. */
export function upsertedRows(records: number): Load['record'] {
  const keys = Math.ceil(records / repeats)
  const prefix = `{"schema":${JSON.stringify(schema)},"payload":`
  return (index) => {
    const row: UpsertedRow = {
      customer_id: `customer-${index % 10_000}`,
      amount_cents: index % 100_000,
      currency: 'EUR',
      status: index < keys ? 'placed' : 'paid',
      note: 'leave it at the door, or with the neighbours',
    }
    return { key: Buffer.from(`order-${index % keys}`), value: Buffer.from(`${prefix}${JSON.stringify(row)}}`) }
  }
}

/** The table of one run. */
export class UpsertedTable implements AsyncDisposable {
  readonly #client: pg.Client
  readonly #name: string

  private constructor(client: pg.Client, name: string) {
    this.#client = client
    this.#name = name
  }

  static async create(url: string, name: string): Promise<UpsertedTable> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`create table ${name} (id text primary key, customer_id text not null, amount_cents integer not null,
      currency text not null, status text not null, note text not null)`)
    return new UpsertedTable(client, name)
  }

  /**
   * How many of the records are in the table. They are written in their order, so that the last one is found by halving,
   * which costs the server next to nothing.
   */
  async written(records: number): Promise<number> {
    const keys = Math.ceil(records / repeats)
    let low = 0
    let high = records
    while (low < high) {
      const middle = (low + high) >> 1
      if (await this.#has(middle, keys)) low = middle + 1
      else high = middle
    }
    return low
  }

  async #has(index: number, keys: number): Promise<boolean> {
    const { rows } = await this.#client.query<{ status: string }>({
      name: 'look',
      text: `select status from ${this.#name} where id = $1`,
      values: [`order-${index % keys}`],
    })
    return rows[0] !== undefined && (index < keys || rows[0].status === 'paid')
  }

  async digest(): Promise<string> {
    const { rows } = await this.#client.query(
      `select count(*)::int as count, md5(string_agg(md5(t::text), '' order by id)) as digest from ${this.#name} t`,
    )
    return `rows: ${rows[0].count} with digest ${rows[0].digest}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end()
  }
}
