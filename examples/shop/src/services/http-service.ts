import Fastify, { type FastifyInstance } from 'fastify'
import { untilShutdown } from 'millrace/supervise'
import pg from 'pg'
import type { z } from 'zod'

/** A refusal that the caller can do something about. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** What a service of the shop is made of. */
export interface HttpService {
  readonly app: FastifyInstance
  readonly pool: pg.Pool
  /** Commits what `work` does on one connection, or nothing of it. */
  transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>
  /** Serves until it should stop, and `stop` with it; ends by itself when whoever started it has died. */
  run(stop?: () => Promise<void>): Promise<void>
}

/** Reads `DATABASE_URL` and `PORT`, and brings the database to its current layout. */
export async function httpService(migrations: readonly string[]): Promise<HttpService> {
  const { DATABASE_URL, PORT = '0' } = process.env
  if (!DATABASE_URL) throw new Error('DATABASE_URL names the service’s database')
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 20 })
  // Connections that break, idle or in use: their request fails, the next one gets a new connection.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  // One at a time: two copies of a service that start together would collide in `create table if not exists`.
  await pool.query(['begin', 'select pg_advisory_xact_lock(1)', ...migrations, 'commit'].join(';\n'))

  const app = Fastify({ logger: false, forceCloseConnections: 'idle' })
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, _request, reply) => {
    if (error instanceof Refusal) return reply.status(error.status).send({ code: error.code, message: error.message })
    // Fastify's own: a body that is no JSON, or too large.
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return reply.status(error.statusCode).send({ code: error.code ?? 'BAD_REQUEST', message: error.message })
    }
    console.error(error)
    return reply.status(500).send({ code: 'INTERNAL', message: 'the request could not be carried out' })
  })

  return {
    app,
    pool,
    async transaction(work) {
      const client = await pool.connect()
      let isBroken = true
      try {
        await client.query('begin')
        const result = await work(client)
        await client.query('commit')
        isBroken = false
        return result
      } catch (error) {
        await client.query('rollback').then(
          () => {
            isBroken = false
          },
          () => {},
        )
        throw error
      } finally {
        client.release(isBroken)
      }
    },
    async run(stop = async () => {}) {
      const shutdown = untilShutdown()
      console.log(`listening on ${await app.listen({ host: '127.0.0.1', port: Number(PORT) })}`)
      await shutdown
      await Promise.all([app.close(), stop()])
      await pool.end()
    },
  }
}

/** The checked input, or a refusal that names every field in the way. */
export function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const { success, data, error } = schema.safeParse(input)
  if (success) return data
  const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
  throw new Refusal(400, 'INVALID_INPUT', problems.join('; '))
}
