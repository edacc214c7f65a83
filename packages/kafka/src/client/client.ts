import type { MetricSample, MetricSource } from '@millrace/base'
import type { Api } from '@millrace/protocol'
import { type Admin, createAdmin } from '../admin/admin.ts'
import { type Consumer, createConsumer } from '../consumer/consumer.ts'
import type { ConsumerOptions } from '../consumer/types.ts'
import { createProducer, type Producer } from '../producer/producer.ts'
import type { ProducerOptions } from '../producer/types.ts'
import type { RequestBody } from './broker-link.ts'
import { Cluster, type Destination } from './cluster.ts'
import { clientSettings, type KafkaClientOptions } from './options.ts'

/** One application's access to a cluster: connections and metadata are shared by what it opens. */
export interface KafkaClient extends MetricSource, AsyncDisposable {
  readonly admin: Admin
  producer(options?: ProducerOptions): Producer
  consumer(options?: ConsumerOptions): Consumer
  /**
   * Any request of the protocol, in the highest version that both sides know; lost connections are retried, error
   * codes inside the response are the caller's to read.
   *
   * @example
   * const response = await client.request({ api: apis.DescribeCluster, body: {}, to: 'any' })
   */
  request<Request, Response>(options: {
    readonly api: Api<Request, Response>
    readonly body: RequestBody<Request>
    readonly to: Destination
    readonly maxVersion?: number
  }): Promise<Response>
  /** Closes producers and consumers (members leave their groups), then the connections. */
  close(): Promise<void>
}

/**
 * Opens a client; nothing is connected before the first call.
 *
 * @example
 * await using client = kafkaClient({ brokers: 'localhost:9092' })
 * await client.admin.createTopics([{ name: 'order', partitions: 3 }], { ifNotExists: true })
 */
export function kafkaClient(options: KafkaClientOptions): KafkaClient {
  return new Client(options)
}

class Client implements KafkaClient {
  readonly admin: Admin
  readonly #cluster: Cluster
  readonly #children = new Set<Producer | Consumer>()
  #opened = 0

  constructor(options: KafkaClientOptions) {
    this.#cluster = new Cluster(clientSettings(options))
    this.admin = createAdmin(this.#cluster)
  }

  producer(options: ProducerOptions = {}): Producer {
    const purpose = `producer-${++this.#opened}`
    const producer = createProducer(this.#cluster, purpose, options, () => this.#children.delete(producer))
    this.#children.add(producer)
    return producer
  }

  consumer(options: ConsumerOptions = {}): Consumer {
    const purpose = `consumer-${++this.#opened}`
    const consumer = createConsumer(this.#cluster, purpose, options, () => this.#children.delete(consumer))
    this.#children.add(consumer)
    return consumer
  }

  request<Request, Response>(options: {
    api: Api<Request, Response>
    body: RequestBody<Request>
    to: Destination
    maxVersion?: number
  }): Promise<Response> {
    const { api, body, to, maxVersion } = options
    return this.#cluster.requestRetrying(api, body, { to, ...(maxVersion !== undefined && { maxVersion }) })
  }

  metrics(): Iterable<MetricSample> {
    return this.#cluster.stats.samples(this.#cluster.settings.clientId)
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#children].map((child) => child.close()))
    this.#cluster.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
