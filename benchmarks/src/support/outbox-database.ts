import { outboxMigration } from '@millrace/outbox'
import pg from 'pg'

/** Rows of the business transactions that the load consists of. */
const rowsPerTransaction = 10

/** Rows with known ids, 10,000 aggregates, and JSON of about 150 bytes; committed ten at a time. */
const procedure = `
create procedure fill_outbox(topic text, first integer, rows integer) language plpgsql as $$
begin
  for at in first .. first + rows - 1 by ${rowsPerTransaction} loop
    insert into outbox (id, aggregatetype, aggregateid, type, payload)
    select md5(i::text)::uuid, topic, 'customer-' || i % 10000, 'OrderPlaced', convert_to(
      '{"orderId":"order-' || i || '","customerId":"customer-' || i % 10000 || '","amountCents":' || i % 100000 ||
      ',"currency":"EUR","status":"placed","note":"leave it at the door, or with the neighbours"}', 'UTF8')
    from generate_series(at, least(at + ${rowsPerTransaction} - 1, first + rows - 1)) as i;
    commit;
  end loop;
end $$`

/** A service's database with Millrace's outbox table, which both sides capture. */
export class OutboxDatabase implements AsyncDisposable {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async create(url: string, publication: string): Promise<OutboxDatabase> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(outboxMigration())
    await client.query(procedure)
    await client.query(`create publication ${publication} for table outbox with (publish = 'insert')`)
    return new OutboxDatabase(client)
  }

  async fill(topic: string, first: number, rows: number): Promise<void> {
    await this.#client.query(`call fill_outbox('${topic}', ${first}, ${rows})`)
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
