import type { MetricSample, MetricSource } from '@millrace/base'
import type { FastifyInstance } from 'fastify'

/** `/metrics` in the Prometheus text format, version 0.0.4. */
export function metricsRoute(server: FastifyInstance, sources: readonly MetricSource[]): void {
  server.get('/metrics', (_, reply) =>
    reply
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(renderMetrics(sources.flatMap((source) => [...source.metrics()]))),
  )
}

/** Samples of one name stand together under one HELP and TYPE line, as the format requires. */
export function renderMetrics(samples: readonly MetricSample[]): string {
  const families = Map.groupBy(samples, (sample) => sample.name)
  const lines: string[] = []
  for (const [name, family] of families) {
    const { help, type } = family[0] as MetricSample
    lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`)
    for (const { labels, value } of family) {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
      lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`)
    }
  }
  return `${lines.join('\n')}\n`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}
