import { absentMetrics } from '../../packages/streams/src/core/metrics/absent-metrics.ts'
import { type MetricFamily, streamsMetrics } from '../../packages/streams/src/core/metrics/metric-table.ts'

/** `docs/reference/streams-metrics.md`: every figure of an application, beside its name in Kafka Streams. */
export function streamsMetricsPage(): string {
  const rows = Object.entries<MetricFamily>(streamsMetrics).map(([name, { type, help, labels, jmx, debug }]) => {
    const named = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\`${debug ? ' (debug)' : ''} | ${type} | ${named} | ${help} | ${jmxNames(jmx)} |`
  })
  return `# Metrics of streams applications

\`streams.metrics()\` gives these samples, and the gateway's \`/metrics\` shows them to Prometheus. All have the labels \`application\` and
\`instance\`, and those of threads, tasks, nodes and stores \`thread\`. Those marked (debug) need \`metricsLevel: 'debug'\`
(\`metrics.recording.level=DEBUG\`), which looks at the clock for each record; the others are counters, and a few looks at the clock for
each slice of processing. Where Kafka Streams has a rate, an average or a ratio, there is a counter here, or two: a rate
is \`rate(…_total[1m])\`, an average \`rate(…_seconds_total[1m]) / rate(…_total[1m])\`, a share of time \`rate(…_seconds_total[1m])\`.
Greatest and least values are those of the last half to whole minute.

\`otelMetrics(meter, streams)\` of \`@millrace/streams\` hands all of it to OpenTelemetry, as observable instruments of the \`Meter\` that it is given.

This page is generated from the code by \`npm run generate\`.

| Metric | Type | Labels | | In JMX (Kafka Streams 4.3) |
|---|---|---|---|---|
${rows.join('\n')}

## What Kafka Streams has and there is not

| In JMX | |
|---|---|
${absentRows().join('\n')}
`
}

function jmxNames(jmx: readonly string[]): string {
  const groups = Map.groupBy(jmx, (full) => full.slice(0, full.indexOf(':')))
  return [...groups]
    .map(([group, names]) => `\`${group}\`: ${names.map((full) => `\`${full.slice(group.length + 1)}\``).join(', ')}`)
    .join('; ')
}

function absentRows(): string[] {
  const byReason = Map.groupBy(Object.entries(absentMetrics), ([, reason]) => reason)
  return [...byReason].map(([reason, entries]) => `| ${jmxNames(entries.map(([name]) => name))} | ${reason} |`)
}
