import type { TopologyPicture } from '@millrace/streams'
import type { FastifyInstance } from 'fastify'
import { gatewayError } from '../errors.ts'

/** A streams application of this process, as far as it draws itself. */
export interface ApplicationSource {
  readonly applicationId: string
  state(): string
  topologyPicture(): TopologyPicture
}

/** `/streams`: the applications of this process; `/streams/<application>/topology`: one of them with its rates and lags. */
export function streamsRoutes(server: FastifyInstance, applications: readonly ApplicationSource[]): void {
  server.get('/streams', () => ({
    applications: applications.map((one) => ({ application: one.applicationId, state: one.state() })),
  }))

  server.get<{ Params: { application: string } }>('/streams/:application/topology', (request) => {
    const { application } = request.params
    const found = applications.find(({ applicationId }) => applicationId === application)
    if (found) return found.topologyPicture()
    throw gatewayError('GATEWAY_NOT_FOUND', `there is no application "${application}" in this process`, { application })
  })
}
