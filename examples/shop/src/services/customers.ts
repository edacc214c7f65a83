import { outbox, outboxMigration } from '@millrace/outbox'
import { z } from 'zod'
import { customer } from '../contracts.ts'
import { httpService, parse, Refusal } from './http-service.ts'

const { app, pool, transaction, run } = await httpService([
  `create table if not exists customers (
    id uuid primary key,
    name text not null,
    country text not null
  )`,
  outboxMigration(),
])

/** The caller chooses the id, so that a request whose answer got lost can be repeated. */
const newCustomer = z.object({
  id: z.uuid(),
  name: z.string().trim().min(1).max(100),
  country: z.string().regex(/^[A-Z]{2}$/, 'two capital letters, as in ISO 3166'),
})
const byId = z.object({ id: z.uuid() })
const page = z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(20) })

app.post('/customers', async (request, reply) => {
  const { id, name, country } = parse(newCustomer, request.body)
  const isNew = await transaction(async (client) => {
    const text = 'insert into customers (id, name, country) values ($1, $2, $3) on conflict do nothing'
    const { rowCount } = await client.query(text, [id, name, country])
    if (rowCount === 1) await outbox(client).append(customer, id, { name, country })
    return rowCount === 1
  })
  return reply.status(isNew ? 201 : 200).send({ id, name, country })
})

app.get('/customers', async (request) => {
  const { limit } = parse(page, request.query)
  const { rows } = await pool.query('select id, name, country from customers order by id limit $1', [limit])
  return rows
})

app.get('/customers/:id', async (request) => {
  const { id } = parse(byId, request.params)
  const { rows } = await pool.query('select id, name, country from customers where id = $1', [id])
  if (rows.length === 0) throw new Refusal(404, 'CUSTOMER_NOT_FOUND', `there is no customer ${id}`)
  return rows[0]
})

app.delete('/customers/:id', async (request, reply) => {
  const { id } = parse(byId, request.params)
  await transaction(async (client) => {
    const { rowCount } = await client.query('delete from customers where id = $1', [id])
    if (rowCount === 0) throw new Refusal(404, 'CUSTOMER_NOT_FOUND', `there is no customer ${id}`)
    await outbox(client).append(customer, id, null)
  })
  return reply.status(204).send()
})

await run()
