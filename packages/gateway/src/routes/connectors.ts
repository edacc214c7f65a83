import type { FastifyInstance } from 'fastify'

/** A source or sink as `GET /connectors` shows it. */
export interface ConnectorReport {
  readonly name: string
  readonly type: 'source' | 'sink'
  readonly state: string
  readonly details: Readonly<Record<string, unknown>>
}

/** `/connectors`: sources and sinks of this process. */
export function connectorRoutes(server: FastifyInstance, reports: () => readonly ConnectorReport[]): void {
  server.get('/connectors', () => ({ connectors: reports() }))
}
