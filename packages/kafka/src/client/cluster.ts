import { isMillraceError } from '@millrace/base'
import { type Api, apis, ErrorCode } from '@millrace/protocol'
import { brokerError, isConnectionError, isRetriable, kafkaError, staleCoordinatorCodes } from '../errors.ts'
import type { Target } from '../transport.ts'
import type { BrokerLink, LinkRequestOptions, RequestBody } from './broker-link.ts'
import { ClientStats } from './client-stats.ts'
import { Coordinators, type CoordinatorType } from './coordinators.ts'
import { LinkPool } from './link-pool.ts'
import { MetadataCache, type TopicMetadata } from './metadata.ts'
import type { ClientSettings } from './options.ts'
import { retrying } from './retry.ts'

/** Which broker a request goes to. */
export type Destination =
  | 'any'
  | { readonly leaderOf: { readonly topic: string; readonly partition: number } }
  | { readonly node: number }
  | { readonly coordinator: { readonly type: CoordinatorType; readonly key: string } }

export interface ClusterRequestOptions extends Partial<LinkRequestOptions> {
  readonly to: Destination
  /** Requests of unlike purposes use connections of their own. Default `shared`. */
  readonly purpose?: string
}

/** What producers, consumers and admin share: connections, metadata, coordinators, retries. */
export class Cluster {
  readonly settings: ClientSettings
  readonly stats = new ClientStats()
  readonly metadata = new MetadataCache()
  readonly coordinators: Coordinators
  readonly pool: LinkPool
  readonly #refreshes = new Map<string, Promise<Map<string, number>>>()

  constructor(settings: ClientSettings) {
    this.settings = settings
    this.pool = new LinkPool(settings, this.stats)
    this.coordinators = new Coordinators(this)
  }

  get retryContext() {
    return { ...this.settings, stats: this.stats }
  }

  close(): void {
    this.pool.close()
  }

  /** One attempt, to one broker: no retry, error codes in the body are the caller's to judge. */
  async request<Request, Response>(
    api: Api<Request, Response>,
    body: RequestBody<Request>,
    options: ClusterRequestOptions,
  ): Promise<Response> {
    const { purpose = 'shared', timeoutMs = this.settings.requestTimeoutMs } = options
    const link = await this.link(options.to, purpose)
    try {
      return (await link.request(api, body, { ...options, timeoutMs })).body
    } catch (error) {
      if (isConnectionError(error) && typeof options.to === 'object' && 'coordinator' in options.to) {
        this.coordinators.forget(options.to.coordinator.type, options.to.coordinator.key)
      }
      throw error
    }
  }

  /** `request` with retries; `check` throws what the body says, and forgets nothing: coordinators are handled here. */
  requestRetrying<Request, Response>(
    api: Api<Request, Response>,
    body: RequestBody<Request>,
    options: ClusterRequestOptions & { readonly operationTimeoutMs?: number; readonly signal?: AbortSignal },
    check: (body: Response) => void = () => {},
  ): Promise<Response> {
    const { operationTimeoutMs = this.settings.operationTimeoutMs, signal } = options
    const attempt = async (leftMs: number): Promise<Response> => {
      const timeoutMs = Math.min(options.timeoutMs ?? this.settings.requestTimeoutMs, leftMs)
      const response = await this.request(api, body, { ...options, timeoutMs })
      this.checked(options.to, () => check(response))
      return response
    }
    return retrying(this.retryContext, api.name, operationTimeoutMs, attempt, { ...(signal && { signal }) })
  }

  /** Runs a check of error codes; a coordinator that says it is none is looked up again next time. */
  checked<T>(to: Destination, check: () => T): T {
    try {
      return check()
    } catch (error) {
      const errorCode = isMillraceError(error) ? error.fields.errorCode : undefined
      if (typeof to === 'object' && 'coordinator' in to && staleCoordinatorCodes.has(errorCode as number)) {
        this.coordinators.forget(to.coordinator.type, to.coordinator.key)
      }
      throw error
    }
  }

  async link(to: Destination, purpose: string): Promise<BrokerLink> {
    if (to === 'any') return this.#anyLink(purpose)
    return this.pool.get(await this.#target(to), purpose)
  }

  /** Asks for metadata of these topics (all when undefined); calls for the same ones share one request. */
  refreshMetadata(
    topics?: readonly string[],
    options: { allowAutoTopicCreation?: boolean } = {},
  ): Promise<Map<string, number>> {
    const key = topics === undefined ? '*' : [...topics].sort().join(',')
    const running = this.#refreshes.get(key)
    if (running !== undefined) return running
    const refresh = this.#fetchMetadata(topics, options.allowAutoTopicCreation ?? false).finally(() =>
      this.#refreshes.delete(key),
    )
    this.#refreshes.set(key, refresh)
    return refresh
  }

  /** Metadata of one topic, from the cache when it is fresh; retries while the topic or its leaders are not there yet. */
  async topic(
    name: string,
    options: { timeoutMs?: number; allowAutoTopicCreation?: boolean } = {},
  ): Promise<TopicMetadata> {
    const known = this.freshTopic(name)
    if (known !== undefined) return known
    const timeoutMs = options.timeoutMs ?? this.settings.operationTimeoutMs
    return retrying(this.retryContext, `metadata of topic ${name}`, timeoutMs, async () => {
      const failed = await this.refreshMetadata([name], options)
      const topic = this.metadata.topic(name)
      if (topic !== undefined) return topic
      throw brokerError(failed.get(name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `topic ${name}`, { topic: name })
    })
  }

  /** What is known of a topic, at once; what has grown old is asked for in the background. */
  cachedTopic(name: string): TopicMetadata | undefined {
    const topic = this.metadata.topic(name)
    if (topic !== undefined && this.freshTopic(name) === undefined) this.refreshMetadata([name]).catch(() => {})
    return topic
  }

  freshTopic(name: string): TopicMetadata | undefined {
    const topic = this.metadata.topic(name)
    const { clock, metadataMaxAgeMs } = this.settings
    return topic !== undefined && clock.now() - topic.fetchedAtMs < metadataMaxAgeMs ? topic : undefined
  }

  async #fetchMetadata(topics: readonly string[] | undefined, allowAutoTopicCreation: boolean) {
    const body = { topics: topics === undefined ? null : topics.map((name) => ({ name })), allowAutoTopicCreation }
    const response = await this.request(apis.Metadata, body, { to: 'any' })
    return this.metadata.update(response, this.settings.clock.now())
  }

  async #target(to: Exclude<Destination, 'any'>): Promise<Target> {
    if ('coordinator' in to) return this.coordinators.find(to.coordinator.type, to.coordinator.key)
    if ('node' in to) return this.#node(to.node)
    const { topic, partition } = to.leaderOf
    const known = (await this.topic(topic)).partitions[partition]
    if (known !== undefined && known.leader >= 0) return this.#node(known.leader)
    this.metadata.forget(topic)
    const errorCode = known === undefined ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.LEADER_NOT_AVAILABLE
    throw brokerError(errorCode, `${topic}-${partition}`, { topic, partition })
  }

  async #node(id: number): Promise<Target> {
    const known = this.metadata.node(id)
    if (known !== undefined) return known
    await this.refreshMetadata([])
    const found = this.metadata.node(id)
    if (found === undefined) throw brokerError(ErrorCode.BROKER_NOT_AVAILABLE, `node ${id}`, { node: id })
    return found
  }

  /** Any broker that answers: open connections first, then known nodes in random order, then the bootstrap list (KIP-899). */
  async #anyLink(purpose: string): Promise<BrokerLink> {
    const { random, bootstrap } = this.settings
    const nodes: Target[] = shuffled(this.metadata.nodes, random)
    const open = nodes.filter((node) => this.pool.isOpen(node, purpose))
    const errors: unknown[] = []
    for (const target of new Set([...open, ...nodes, ...shuffled(bootstrap, random)])) {
      try {
        return await this.pool.get(target, purpose)
      } catch (error) {
        if (!isRetriable(error)) throw error
        errors.push(error)
      }
    }
    const list = bootstrap.map(({ host, port }) => `${host}:${port}`).join(', ')
    throw kafkaError('KAFKA_CONNECT_FAILED', `no broker of ${list} can be reached`, { brokers: list }, errors.at(-1))
  }
}

function shuffled<T>(items: readonly T[], random: { next(): number }): T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1))
    ;[result[last], result[other]] = [result[other] as T, result[last] as T]
  }
  return result
}
