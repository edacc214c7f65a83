import pg from 'pg'

/** A service's database that is captured, and its writer. */
export class CaptureDatabase implements AsyncDisposable {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async create(url: string, statements: readonly string[]): Promise<CaptureDatabase> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    return new CaptureDatabase(client)
  }

  async execute(statement: string): Promise<void> {
    await this.#client.query(statement)
  }

  /** Whether a process streams from the slot, or has done so and left. */
  async slot(name: string): Promise<'missing' | 'active' | 'idle'> {
    const text = 'select active from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn is not null'
    const { rows } = await this.#client.query<{ active: boolean }>(text, [name])
    if (rows[0] === undefined) return 'missing'
    return rows[0].active ? 'active' : 'idle'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end()
  }
}
