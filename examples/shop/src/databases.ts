import { randomUUID } from 'node:crypto'
import { outbox } from '@millrace/outbox'
import pg from 'pg'
import { order } from './contracts.ts'

/** Number and sum of orders in one state. */
export interface OrderSum {
  readonly orders: number
  readonly cents: number
}

export interface OrderSums {
  readonly placed: OrderSum
  readonly cancelled: OrderSum
}

/** Reads the shop's three databases, as an auditor would: straight, past every service. */
export class Databases implements AsyncDisposable {
  readonly #customers: pg.Pool
  readonly #orders: pg.Pool
  readonly #reporting: pg.Pool

  constructor(urls: { readonly customers: string; readonly orders: string; readonly reporting: string }) {
    const pool = (connectionString: string): pg.Pool => {
      const opened = new pg.Pool({ connectionString, max: 1 })
      // A connection that breaks while nobody uses it; the next query gets a new one, or an error of its own.
      opened.on('error', () => {})
      return opened
    }
    this.#customers = pool(urls.customers)
    this.#orders = pool(urls.orders)
    this.#reporting = pool(urls.reporting)
  }

  /** The table that the sink fills. `arrived_at` is the shop's own column: it dates the first arrival of each row. */
  async prepareReporting(): Promise<void> {
    await this.#reporting.query(`create table if not exists order_view (
      "orderId" text primary key,
      "customerId" text not null,
      "customerName" text,
      "country" text not null,
      "amountCents" bigint not null,
      "status" text not null,
      "placedAt" bigint not null,
      arrived_at timestamptz not null default clock_timestamp()
    )`)
  }

  /** Every order counts as placed; cancelled ones count there as well. */
  source(): Promise<OrderSums> {
    return sums(this.#orders, 'select status, amount_cents as cents from orders')
  }

  reporting(): Promise<OrderSums> {
    return sums(this.#reporting, 'select status, "amountCents" as cents from order_view')
  }

  /**
   * Places an order for a customer who has never existed, past the check of the service, as a script in the night would.
   * Returns its id.
   */
  async plantOrphan(): Promise<string> {
    const [orderId, customerId, amountCents, placedAt] = [randomUUID(), randomUUID(), 4_200, Date.now()]
    const client = await this.#orders.connect()
    try {
      await client.query('begin')
      await client.query('insert into known_customers (id) values ($1)', [customerId])
      const insert = `insert into orders (id, customer_id, amount_cents, status, placed_at) values ($1, $2, $3, 'placed', $4)`
      await client.query(insert, [orderId, customerId, amountCents, placedAt])
      await outbox(client).append(order, orderId, { orderId, customerId, amountCents, status: 'placed', placedAt })
      await client.query('commit')
    } finally {
      client.release()
    }
    return orderId
  }

  async orderStatus(id: string): Promise<string | undefined> {
    const { rows } = await this.#orders.query<{ status: string }>('select status from orders where id = $1', [id])
    return rows[0]?.status
  }

  /** Orders that are not cancelled although their customer does not exist. */
  async orphans(): Promise<string[]> {
    const { rows: customers } = await this.#customers.query<{ id: string }>('select id from customers')
    const known = new Set(customers.map((row) => row.id))
    const { rows } = await this.#orders.query<{ id: string; customer_id: string }>(
      `select id, customer_id from orders where status = 'placed'`,
    )
    return rows.filter((row) => !known.has(row.customer_id)).map((row) => row.id)
  }

  /** Milliseconds from the placing of an order to its row in the reporting database, for orders placed since `sinceMs`. */
  async latency(sinceMs: number): Promise<{ p50Ms: number; p99Ms: number } | undefined> {
    const { rows } = await this.#reporting.query<{ p50: number | null; p99: number | null }>(
      `select percentile_cont(0.5) within group (order by ms) as p50, percentile_cont(0.99) within group (order by ms) as p99
       from (select extract(epoch from arrived_at) * 1000 - "placedAt" as ms from order_view where "placedAt" >= $1) t`,
      [sinceMs],
    )
    const { p50, p99 } = rows[0] ?? { p50: null, p99: null }
    return p50 === null || p99 === null ? undefined : { p50Ms: Number(p50), p99Ms: Number(p99) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#customers.end(), this.#orders.end(), this.#reporting.end()])
  }
}

async function sums(pool: pg.Pool, rows: string): Promise<OrderSums> {
  const { rows: found } = await pool.query<Record<'placed' | 'cents' | 'cancelled' | 'cancelled_cents', string>>(
    `select count(*) as placed, coalesce(sum(cents), 0) as cents,
       count(*) filter (where status = 'cancelled') as cancelled,
       coalesce(sum(cents) filter (where status = 'cancelled'), 0) as cancelled_cents
     from (${rows}) t`,
  )
  const row = found[0]
  return {
    placed: { orders: Number(row?.placed), cents: Number(row?.cents) },
    cancelled: { orders: Number(row?.cancelled), cents: Number(row?.cancelled_cents) },
  }
}
