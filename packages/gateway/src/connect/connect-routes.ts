import { type ConnectorOffset, connectError } from '@millrace/connect/internal'
import type { FastifyInstance } from 'fastify'
import { gatewayError } from '../errors.ts'
import { connectErrorSender } from './connect-errors.ts'
import { type ConnectContent, Connectors } from './connectors.ts'
import { loggerRoutes } from './logger-routes.ts'
import { pluginRoutes } from './plugin-routes.ts'
import { acceptConnectBodies, configBody, isObject } from './request-bodies.ts'
import { guardWrites, type WriteAccess } from './write-access.ts'

type ByName = { Params: { readonly name: string } }
type ByTask = { Params: { readonly name: string; readonly task: string } }

/** The version of Kafka Connect whose REST API this is. */
const apiVersion = '4.3.0'
const states = ['STARTED', 'PAUSED', 'STOPPED'] as const

/** Kafka Connect's REST API (KIP-26 and those that extend it), over the worker and the declared connectors of this process. */
export function connectRoutes(
  server: FastifyInstance,
  content: ConnectContent,
  options: WriteAccess & { readonly workerId: () => string },
): void {
  server.register(async (scope) => {
    scope.setErrorHandler(connectErrorSender((text) => content.connect?.()?.mask(text) ?? text))
    acceptConnectBodies(scope)
    guardWrites(scope, options)
    const connectors = new Connectors(content, options.workerId)
    rootRoutes(scope, connectors)
    readRoutes(scope, connectors)
    configRoutes(scope, connectors)
    stateRoutes(scope, connectors)
    offsetRoutes(scope, connectors)
    pluginRoutes(scope, connectors)
    loggerRoutes(scope, connectors)
  })
}

function rootRoutes(scope: FastifyInstance, connectors: Connectors): void {
  scope.get('/', async () => ({
    version: apiVersion,
    commit: 'millrace',
    kafka_cluster_id: connectors.hasWorker ? await connectors.worker.clusterId() : null,
  }))
  // KIP-1017. A worker that is still starting has not been given to the gateway yet.
  scope.get('/health', () => ({
    status: 'healthy',
    message: 'Worker has completed startup and is ready to handle requests.',
  }))
}

function readRoutes(scope: FastifyInstance, connectors: Connectors): void {
  const views = {
    info: (name: string) => connectors.info(name),
    status: (name: string) => connectors.status(name),
    details: (name: string) => connectors.details(name) ?? null,
  }
  scope.get<{ Querystring: { readonly expand?: string | readonly string[] } }>('/connectors', ({ query }) => {
    if (query.expand === undefined) return connectors.names()
    // KIP-465; what is not known is left out, as there.
    const wanted = [query.expand]
      .flat()
      .flatMap((name) => (Object.hasOwn(views, name) ? (name as keyof typeof views) : []))
    return Object.fromEntries(
      connectors.names().map((name) => [name, Object.fromEntries(wanted.map((view) => [view, views[view](name)]))]),
    )
  })
  scope.get<ByName>('/connectors/:name', ({ params }) => connectors.info(params.name))
  scope.get<ByName>('/connectors/:name/config', ({ params }) => connectors.info(params.name).config)
  scope.get<ByName>('/connectors/:name/status', ({ params }) => connectors.status(params.name))
  scope.get<ByName>('/connectors/:name/tasks', ({ params }) => {
    const { tasks, config } = connectors.info(params.name)
    return tasks.map((id) => ({ id, config }))
  })
  scope.get<ByTask>('/connectors/:name/tasks/:task/status', ({ params }) => taskOf(connectors, params))
  scope.get<ByName>('/connectors/:name/topics', ({ params: { name } }) => {
    connectors.info(name)
    return { [name]: { topics: connectors.declared(name) ? [] : connectors.worker.topics(name) } }
  })
  scope.put<ByName>('/connectors/:name/topics/reset', async ({ params: { name } }, reply) => {
    await connectors.workerFor(name).resetTopics(name)
    return reply.status(202).send()
  })
}

function taskOf(connectors: Connectors, { name, task }: ByTask['Params']): unknown {
  const found = connectors.status(name).tasks.find(({ id }) => String(id) === task)
  if (found) return found
  throw connectError('CONNECT_TASK_UNKNOWN', `No status found for task ${name}-${task}`, { connector: name, task })
}

function configRoutes(scope: FastifyInstance, connectors: Connectors): void {
  scope.post('/connectors', async ({ body }, reply) => {
    if (!isObject(body) || typeof body.name !== 'string' || body.name.trim() === '') {
      throw gatewayError('GATEWAY_BAD_REQUEST', 'a connector is created from {"name", "config"}')
    }
    const name = body.name.trim()
    const config = configBody(body.config)
    checkName(name, config)
    const state = body.initial_state ?? 'STARTED'
    const target = states.find((known) => known === String(state).toUpperCase())
    if (!target) throw gatewayError('GATEWAY_BAD_REQUEST', `initial_state is one of ${states.join(', ')}`)
    refuseDeclared(connectors, name)
    const info = await connectors.worker.create(name, config, target)
    return reply
      .status(201)
      .header('location', `/connectors/${encodeURIComponent(name)}`)
      .send(info)
  })
  scope.put<ByName>('/connectors/:name/config', async ({ params: { name }, body }, reply) => {
    const config = configBody(body)
    checkName(name, config)
    refuseDeclared(connectors, name)
    const { created, info } = await connectors.worker.put(name, config)
    if (created) reply.header('location', `/connectors/${encodeURIComponent(name)}`)
    return reply.status(created ? 201 : 200).send(info)
  })
  scope.patch<ByName>('/connectors/:name/config', ({ params: { name }, body }) =>
    connectors.workerFor(name).patch(name, configBody(body)),
  )
  scope.delete<ByName>('/connectors/:name', async ({ params: { name } }, reply) => {
    await connectors.workerFor(name).delete(name)
    return reply.status(204).send()
  })
}

function refuseDeclared(connectors: Connectors, name: string): void {
  if (connectors.declared(name)) connectors.workerFor(name)
}

function checkName(name: string, config: { readonly name?: string | null }): void {
  if (typeof config.name !== 'string' || config.name === name) return
  const message = `Connector name configuration (${config.name}) doesn't match connector name in the URL (${name})`
  throw gatewayError('GATEWAY_BAD_REQUEST', message)
}

function stateRoutes(scope: FastifyInstance, connectors: Connectors): void {
  const target = (path: string, state: (typeof states)[number], status: number): void => {
    scope.put<ByName>(`/connectors/:name/${path}`, async ({ params: { name } }, reply) => {
      await connectors.workerFor(name).setTarget(name, state)
      return reply.status(status).send()
    })
  }
  target('pause', 'PAUSED', 202)
  target('resume', 'STARTED', 202)
  target('stop', 'STOPPED', 204)
  type Restart = ByName & { Querystring: { readonly includeTasks?: string; readonly onlyFailed?: string } }
  scope.post<Restart>('/connectors/:name/restart', async ({ params: { name }, query }, reply) => {
    const onlyFailed = query.onlyFailed === 'true'
    const includeTasks = query.includeTasks === 'true'
    // Without either the connector alone is meant, which is one with its task here.
    const isWhole = !onlyFailed && !includeTasks
    const status = await connectors.workerFor(name).restart(name, { onlyFailed, includeTasks: includeTasks || isWhole })
    if (isWhole) return reply.status(204).send()
    return reply.status(202).send(status)
  })
  scope.post<ByTask>('/connectors/:name/tasks/:task/restart', async ({ params }, reply) => {
    const worker = connectors.workerFor(params.name)
    taskOf(connectors, params)
    await worker.restart(params.name)
    return reply.status(204).send()
  })
}

function offsetRoutes(scope: FastifyInstance, connectors: Connectors): void {
  scope.get<ByName>('/connectors/:name/offsets', async ({ params: { name } }) => ({
    offsets: await connectors.offsets(name),
  }))
  scope.patch<ByName>('/connectors/:name/offsets', async ({ params: { name }, body }) => {
    const offsets = isObject(body) ? body.offsets : undefined
    if (!Array.isArray(offsets) || !offsets.every(isOffset)) {
      throw gatewayError('GATEWAY_BAD_REQUEST', 'offsets are given as {"offsets": [{"partition": {}, "offset": {}}]}')
    }
    await connectors.workerFor(name).alterOffsets(name, offsets)
    return { message: 'The offsets for this connector have been altered successfully' }
  })
  scope.delete<ByName>('/connectors/:name/offsets', async ({ params: { name } }) => {
    await connectors.workerFor(name).resetOffsets(name)
    return { message: 'The offsets for this connector have been reset successfully' }
  })
}

function isOffset(value: unknown): value is ConnectorOffset {
  return isObject(value) && isObject(value.partition) && (value.offset === null || isObject(value.offset))
}
