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
  return mergePictures(own, await Promise.all(others.map(({ host }) => pictureOf(host, own, peers))))
}

async function pictureOf(host: string, own: TopologyPicture, peers: Peers): Promise<AskedPicture> {
  const { application } = own
  try {
    const path = `/streams/${encodeURIComponent(application)}/topology`
    const picture = (await peers.ask(host, path)).body as Partial<TopologyPicture> | null
    if (picture?.version === 1 && picture.application === application) {
      const asked = { host, picture: picture as TopologyPicture }
      if (isMergeable(own, asked)) return asked
    }
    return { host, reason: `the instance at ${host} draws another version of pictures` }
  } catch (error) {
    return { host, reason: (error as Error).message }
  }
}

/** What lacks a part would spoil the picture of all the others. */
function isMergeable(own: TopologyPicture, asked: AskedPicture): boolean {
  try {
    mergePictures(own, [asked])
    return true
  } catch {
    return false
  }
}
