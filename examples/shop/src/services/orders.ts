import { consume } from '@millrace/handlers'
import { inboxMigration, outbox, outboxMigration } from '@millrace/outbox'
import { z } from 'zod'
import { customer, order } from '../contracts.ts'
import { ordersOfCustomers } from '../integrity.ts'
import { httpService, parse, Refusal } from './http-service.ts'

const { BROKERS } = process.env
if (!BROKERS) throw new Error('BROKERS names the Kafka brokers, host:port')

const { app, pool, transaction, run } = await httpService([
  `create table if not exists known_customers (
    id uuid primary key,
    is_deleted boolean not null default false
  )`,
  `create table if not exists orders (
    id uuid primary key,
    customer_id uuid not null references known_customers,
    amount_cents bigint not null,
    status text not null,
    placed_at bigint not null
  )`,
  'create index if not exists orders_of_customer on orders (customer_id)',
  outboxMigration(),
  inboxMigration(),
])

/** The caller chooses the id, so that a request whose answer got lost can be repeated. */
const newOrder = z.object({ id: z.uuid(), customerId: z.uuid(), amountCents: z.int().min(1).max(100_000_000) })
const byId = z.object({ id: z.uuid() })
const page = z.object({
  customerId: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(20),
})

app.post('/orders', async (request, reply) => {
  const { id, customerId, amountCents } = parse(newOrder, request.body)
  const isNew = await transaction(async (client) => {
    // A courtesy to the caller. An order that slips in while its customer is being deleted is found by `integrity.ts`.
    const text = 'select is_deleted from known_customers where id = $1'
    const { rows } = await client.query<{ is_deleted: boolean }>(text, [customerId])
    if (rows[0] === undefined)
      throw new Refusal(404, 'CUSTOMER_NOT_KNOWN', `customer ${customerId} is not known here (yet)`)
    if (rows[0].is_deleted) throw new Refusal(409, 'CUSTOMER_DELETED', `customer ${customerId} was deleted`)
    const placedAt = Date.now()
    const insert = `insert into orders (id, customer_id, amount_cents, status, placed_at)
      values ($1, $2, $3, 'placed', $4) on conflict do nothing`
    const { rowCount } = await client.query(insert, [id, customerId, amountCents, placedAt])
    if (rowCount === 0) return false
    await outbox(client).append(order, id, { orderId: id, customerId, amountCents, status: 'placed', placedAt })
    return true
  })
  return reply.status(isNew ? 201 : 200).send({ id, customerId, amountCents })
})

app.get('/orders', async (request) => {
  const { customerId, limit } = parse(page, request.query)
  const text = 'select * from orders where $1::uuid is null or customer_id = $1 order by placed_at desc limit $2'
  const { rows } = await pool.query<OrderRow>(text, [customerId ?? null, limit])
  return rows.map(fromRow)
})

app.get('/orders/:id', async (request) => {
  const { id } = parse(byId, request.params)
  const { rows } = await pool.query<OrderRow>('select * from orders where id = $1', [id])
  if (rows[0] === undefined) throw new Refusal(404, 'ORDER_NOT_FOUND', `there is no order ${id}`)
  return fromRow(rows[0])
})

interface OrderRow {
  readonly id: string
  readonly customer_id: string
  readonly amount_cents: string
  readonly status: 'placed' | 'cancelled'
  readonly placed_at: string
}

function fromRow(row: OrderRow) {
  return {
    orderId: row.id,
    customerId: row.customer_id,
    amountCents: Number(row.amount_cents),
    status: row.status,
    placedAt: Number(row.placed_at),
  }
}

const handling = { brokers: BROKERS, inbox: pool, onFailure: 'dead-letter' } as const

// Which customers there are, this service learns through events alone.
const customers = await consume(
  customer,
  async ({ key, value }, { tx }) => {
    if (key === null) return
    const upsert = `insert into known_customers (id, is_deleted) values ($1, $2)
      on conflict (id) do update set is_deleted = excluded.is_deleted`
    await tx.query(upsert, [key, value === null])
  },
  { ...handling, groupId: 'orders-service', instanceId: 'orders-service-1' },
)

// An order whose customer is gone is cancelled. Told again until it is done, so it may be done already.
const violations = await consume(
  ordersOfCustomers.violations,
  async ({ value }, { tx }) => {
    if (value?.action !== 'cascade') return
    const cancel = `update orders set status = 'cancelled'
      where id = $1 and customer_id = $2 and status = 'placed' returning *`
    const { rows } = await tx.query<OrderRow>(cancel, [value.child, value.parent])
    for (const row of rows) await outbox(tx).append(order, row.id, fromRow(row))
  },
  { ...handling, groupId: 'orders-of-customers', instanceId: 'orders-of-customers-1' },
)

await run(async () => {
  await Promise.all([customers.close(), violations.close()])
})
