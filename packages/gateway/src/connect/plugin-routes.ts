import { listPlugins, pluginConfig } from '@millrace/connect/internal'
import type { FastifyInstance } from 'fastify'
import { gatewayError } from '../errors.ts'
import type { Connectors } from './connectors.ts'
import { configBody } from './request-bodies.ts'

type ByPlugin = { Params: { readonly plugin: string } }

/** `/connector-plugins`: what a config may name, what each may be told, and what is wrong with what it was told. */
export function pluginRoutes(scope: FastifyInstance, connectors: Connectors): void {
  scope.get<{ Querystring: { readonly connectorsOnly?: string } }>('/connector-plugins', ({ query }) =>
    connectors.hasWorker ? listPlugins(connectors.worker.registry, query.connectorsOnly !== 'false') : [],
  )
  scope.get<ByPlugin>('/connector-plugins/:plugin/config', ({ params }) =>
    pluginConfig(connectors.worker.registry, params.plugin),
  )
  scope.put<ByPlugin>('/connector-plugins/:plugin/config/validate', ({ params: { plugin }, body }) => {
    const config = configBody(body)
    const { registry } = connectors.worker
    const named = config['connector.class']
    if (typeof named === 'string' && registry.connectors.find(named) !== registry.connectors.find(plugin)) {
      const message = `Included connector type ${named} does not match request type ${plugin}`
      throw gatewayError('GATEWAY_BAD_REQUEST', message)
    }
    return connectors.worker.validate(plugin, config)
  })
}
