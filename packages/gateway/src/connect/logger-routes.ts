import { type LogLevel, logLevels } from '@millrace/connect/internal'
import type { FastifyInstance } from 'fastify'
import { gatewayError } from '../errors.ts'
import type { Connectors } from './connectors.ts'
import { isObject } from './request-bodies.ts'

type ByLogger = { Params: { readonly logger: string } }

/** `/admin/loggers` (KIP-495, KIP-976): what this process prints about its connectors. */
export function loggerRoutes(scope: FastifyInstance, connectors: Connectors): void {
  scope.get('/admin/loggers', () => connectors.worker.loggerLevels())
  scope.get<ByLogger>('/admin/loggers/:logger', ({ params: { logger } }) => {
    const levels = connectors.worker.loggerLevels()
    if (Object.hasOwn(levels, logger)) return levels[logger]
    throw gatewayError('GATEWAY_NOT_FOUND', `Logger ${logger} not found.`)
  })
  type Change = ByLogger & { Querystring: { readonly scope?: string } }
  scope.put<Change>('/admin/loggers/:logger', async ({ params: { logger }, query, body }, reply) => {
    const wanted = isObject(body) ? String(body.level ?? '').toUpperCase() : ''
    if (wanted === '') {
      throw gatewayError('GATEWAY_BAD_REQUEST', "Desired 'level' parameter was not specified in request.")
    }
    const level = logLevels.find((known) => known === wanted)
    if (!level) throw gatewayError('GATEWAY_NOT_FOUND', `invalid log level '${wanted}'.`)
    const affected = await setLevel(connectors, logger, level, query.scope === 'cluster')
    return query.scope === 'cluster' ? reply.status(204).send() : affected
  })
}

function setLevel(connectors: Connectors, logger: string, level: LogLevel, forAll: boolean): Promise<string[]> {
  return connectors.worker.setLoggerLevel(logger, level, forAll)
}
