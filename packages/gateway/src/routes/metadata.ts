import type { FastifyInstance } from 'fastify'
import { readRequest } from '../read-request.ts'
import type { StateReader } from '../state-reader.ts'

/** `/metadata/<name>`: who has which partition of a store; `/lags`: how far the copies in this process are behind. */
export function metadataRoutes(server: FastifyInstance, reader: StateReader): void {
  server.get('/metadata/:name', (request) => {
    const { name } = request.params as { name: string }
    const read = readRequest(request)
    const { provider, store } = reader.find(name)
    const wanted =
      read.query.key === undefined
        ? reader.partitionsFor(name, read)
        : [reader.partitionOf(name, read.query.key).partition]
    const partitions = wanted.map((partition) => {
      const { isLocal, host, standbyHosts } = provider.metadata(name, partition)
      return { partition, isLocal, host: host ?? null, standbyHosts }
    })
    return { name, kind: store.kind, application: store.application, partitions }
  })

  server.get('/lags', async () => ({
    lags: (await Promise.all(reader.providers().map((provider) => provider.lags()))).flat(),
  }))
}
