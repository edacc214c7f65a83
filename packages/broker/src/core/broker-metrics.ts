import type { MetricSample, MetricSource } from '@millrace/base'
import type { BrokerCore } from './broker-core.ts'
import { transactionStates } from './transactions/transaction-state.ts'

/** What is counted of one API's requests. */
export interface RequestCounters {
  readonly api: string
  requests: number
  answers: number
  /** From the whole request to the answer; of a fetch that waits for data the wait too. */
  answerMs: number
  requestBytes: number
  responseBytes: number
}

type Kind = MetricSample['type']

/** The broker's figures, counted as it goes or looked up when asked. */
export class BrokerMetrics implements MetricSource {
  authenticationFailures = 0
  authorizationDenials = 0
  sessionsOpened = 0
  readonly #core: BrokerCore
  readonly #byApi = new Map<number, RequestCounters>()

  constructor(core: BrokerCore) {
    this.#core = core
  }

  /** Notes a request; the result is for `answered`. */
  received(api: { readonly key: number; readonly name: string }, bytes: number): RequestCounters {
    const counters = this.#countersOf(api)
    counters.requests++
    counters.requestBytes += bytes
    return counters
  }

  answered(counters: RequestCounters, receivedMs: number, bytes: number): void {
    counters.answers++
    counters.responseBytes += bytes
    // A clock that was set back must not make a counter go down.
    counters.answerMs += Math.max(0, this.#core.clock.now() - receivedMs)
  }

  #countersOf(api: { readonly key: number; readonly name: string }): RequestCounters {
    let counters = this.#byApi.get(api.key)
    if (!counters) {
      counters = { api: api.name, requests: 0, answers: 0, answerMs: 0, requestBytes: 0, responseBytes: 0 }
      this.#byApi.set(api.key, counters)
    }
    return counters
  }

  *metrics(): Iterable<MetricSample> {
    yield* this.#requests()
    yield* this.#clients()
    yield* this.#data()
    yield* this.#coordinators()
  }

  *#requests(): Iterable<MetricSample> {
    for (const { api, requests, answers, answerMs, requestBytes, responseBytes } of this.#byApi.values()) {
      const sample = (name: string, help: string, value: number, type: Kind = 'counter'): MetricSample =>
        one(`request${name}`, type, help, value, { api })
      yield sample('s_total', 'Requests received', requests)
      yield sample('s_answered_total', 'Requests answered', answers)
      yield sample('_seconds_total', 'Time from request to answer, waits for data included', answerMs / 1000)
      yield sample('_bytes_total', 'Bytes of requests', requestBytes)
      yield sample('_response_bytes_total', 'Bytes of answers', responseBytes)
    }
  }

  *#clients(): Iterable<MetricSample> {
    const { sessionCount } = this.#core
    yield one('connections', 'gauge', 'Connections that are open', sessionCount)
    yield one('connections_total', 'counter', 'Connections since the start', this.sessionsOpened)
    yield one('authentication_failures_total', 'counter', 'SASL attempts that failed', this.authenticationFailures)
    yield one('authorization_denials_total', 'counter', 'Operations that ACLs refused', this.authorizationDenials)
  }

  *#data(): Iterable<MetricSample> {
    let partitions = 0
    let bytes = 0
    for (const topic of this.#core.topics.all()) {
      partitions += topic.partitions.length
      for (const { log } of topic.partitions) bytes += log.sizeInBytes
    }
    yield one('topics', 'gauge', 'Topics', this.#core.topics.count)
    yield one('partitions', 'gauge', 'Partitions', partitions)
    yield one('log_bytes', 'gauge', 'Bytes of all logs', bytes)
  }

  *#coordinators(): Iterable<MetricSample> {
    const groups = new Map<string, number>([
      ['classic', 0],
      ['consumer', 0],
    ])
    for (const { type } of this.#core.groups.groups()) groups.set(type, (groups.get(type) ?? 0) + 1)
    for (const [type, count] of groups) yield one('groups', 'gauge', 'Groups by type', count, { type })
    const states = new Map(Object.keys(transactionStates).map((state) => [state, 0]))
    for (const { state } of this.#core.transactions.all()) states.set(state, (states.get(state) ?? 0) + 1)
    for (const [state, count] of states) {
      yield one('transactions', 'gauge', 'Transactional ids by the state of their transaction', count, { state })
    }
  }
}

function one(
  name: string,
  type: Kind,
  help: string,
  value: number,
  labels: Readonly<Record<string, string>> = {},
): MetricSample {
  return { name: `millrace_broker_${name}`, type, help, labels, value }
}
