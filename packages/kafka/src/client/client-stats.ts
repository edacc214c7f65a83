import type { MetricSample } from '@millrace/base'

/** Counters of one client; cheap to bump, read only when somebody asks. */
export class ClientStats {
  connections = 0
  retries = 0
  throttledMs = 0
  bytesSent = 0
  bytesReceived = 0
  readonly requests = new Map<string, number>()

  sent(api: string, bytes: number): void {
    this.bytesSent += bytes
    this.requests.set(api, (this.requests.get(api) ?? 0) + 1)
  }

  received(bytes: number): void {
    this.bytesReceived += bytes
  }

  *samples(clientId: string): Iterable<MetricSample> {
    const labels = { client_id: clientId }
    const counter = (name: string, help: string, value: number, extra: Record<string, string> = {}): MetricSample => ({
      name: `millrace_kafka_${name}`,
      type: 'counter',
      help,
      labels: { ...labels, ...extra },
      value,
    })
    for (const [api, count] of this.requests) yield counter('requests_total', 'Requests sent, by API.', count, { api })
    yield counter('sent_bytes_total', 'Bytes of requests sent.', this.bytesSent)
    yield counter('received_bytes_total', 'Bytes of responses received.', this.bytesReceived)
    yield counter('connections_total', 'Connections opened.', this.connections)
    yield counter('retries_total', 'Attempts that were repeated.', this.retries)
    yield counter(
      'throttled_seconds_total',
      'Time that brokers asked this client to hold back.',
      this.throttledMs / 1000,
    )
  }
}
