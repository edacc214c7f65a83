import type { ApplicationPicture, TopologyPicture } from '@millrace/streams'
import { type AskedPicture, mergePictures } from '@millrace/streams/internal'
import type { FastifyInstance } from 'fastify'
import { gatewayError } from '../errors.ts'
import { forwardedHeader, type Peers } from '../peers.ts'
import { badParameter } from '../read-request.ts'

/** A streams application of this process, as far as it draws itself. */
export interface ApplicationSource {
  readonly applicationId: string
  state(): string
  topologyPicture(): TopologyPicture
}

interface PictureRequest {
  readonly Params: { readonly application: string }
  readonly Querystring: { readonly instances?: string }
}

/**
 * `/streams`: the applications of this process; `/streams/<application>/topology`: one of them with its rates and lags, as this
 * instance sees it, or with `instances=all` as all of its instances do.
 */
export function streamsRoutes(server: FastifyInstance, applications: readonly ApplicationSource[], peers: Peers): void {
  server.get('/streams', () => ({
    applications: applications.map((one) => ({ application: one.applicationId, state: one.state() })),
  }))

  server.get<PictureRequest>('/streams/:application/topology', async ({ params, query, headers }) => {
    const { application } = params
    const found = applications.find(({ applicationId }) => applicationId === application)
    if (!found) {
      throw gatewayError('GATEWAY_NOT_FOUND', `there is no application "${application}" in this process`, {
        application,
      })
    }
    const { instances = 'this' } = query
    if (instances !== 'this' && instances !== 'all') throw badParameter('instances', instances, 'this or all')
    const picture = found.topologyPicture()
    // One that is asked by another answers for itself, whatever the question.
    return instances === 'this' || headers[forwardedHeader] === '1' ? picture : pictureOfAll(picture, peers)
  })
}

async function pictureOfAll(own: TopologyPicture, peers: Peers): Promise<ApplicationPicture> {
  const others = own.hosts.filter(({ host }) => host !== own.host)
  return mergePictures(own, await Promise.all(others.map(({ host }) => pictureOf(host, own.application, peers))))
}

async function pictureOf(host: string, application: string, peers: Peers): Promise<AskedPicture> {
  try {
    const path = `/streams/${encodeURIComponent(application)}/topology`
    const picture = (await peers.ask(host, path)).body as Partial<TopologyPicture> | null
    if (picture?.version === 1 && picture.application === application && Array.isArray(picture.subtopologies)) {
      return { host, picture: picture as TopologyPicture }
    }
    return { host, reason: `the instance at ${host} draws another version of pictures` }
  } catch (error) {
    return { host, reason: (error as Error).message }
  }
}
