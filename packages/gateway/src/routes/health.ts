import type { FastifyInstance } from 'fastify'

/** One thing that has to be well before this process should get traffic. */
export interface HealthCheck {
  readonly name: string
  /** Undefined when it is ready; otherwise what it is waiting for, in a few words. */
  waitingFor(): string | undefined
  /** False when only a restart can help. */
  isAlive(): boolean
}

/** `/livez` (restart me if not 200) and `/readyz` (send traffic only if 200; restoring state is not ready). */
export function healthRoutes(
  server: FastifyInstance,
  { health: checks, isStarting }: { readonly health: readonly HealthCheck[]; isStarting?(): boolean },
): void {
  server.get('/livez', (_, reply) => {
    const dead = checks.filter((check) => !check.isAlive()).map((check) => check.name)
    return reply.status(dead.length === 0 ? 200 : 503).send({ alive: dead.length === 0, dead })
  })

  server.get('/readyz', (_, reply) => {
    const waiting = checks.flatMap((check) => {
      const reason = check.waitingFor()
      return reason === undefined ? [] : [{ name: check.name, waitingFor: reason }]
    })
    if (isStarting?.()) waiting.unshift({ name: 'millrace', waitingFor: 'its parts to start' })
    return reply.status(waiting.length === 0 ? 200 : 503).send({ ready: waiting.length === 0, waiting })
  })
}
