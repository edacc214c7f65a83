import { handlers } from '@millrace/broker/internal'
import { apis } from '@millrace/protocol'

/** `docs/reference/broker.md`: every API that the embedded broker serves, from the handlers that state their versions. */
export function brokerPage(): string {
  const served = new Map(handlers.map((handler) => [handler.api.key, handler]))
  const known = Object.values(apis).sort((a, b) => a.key - b.key)
  const rows = known
    .filter((api) => served.has(api.key))
    .map((api) => {
      const [min, max] = served.get(api.key)?.versions ?? [0, 0]
      const { validVersions } = api.request
      const kafka = `${validVersions.min} to ${validVersions.max}`
      return `| ${api.key} | ${api.name} | ${min} to ${max} | ${kafka} |`
    })
  const missing = known.filter((api) => !served.has(api.key)).map((api) => `${api.name} (${api.key})`)
  return `# The embedded broker: what it serves

One node, by design; a cluster is Apache Kafka's job. Versions outside the range are refused, and ApiVersions names exactly these
ranges, since both come from the handlers. "Kafka 4.3" is what its message definitions list, unstable versions included. This page is
generated from the code by \`npm run generate\`.

| Key | API | Served versions | Kafka 4.3 |
|---|---|---|---|
${rows.join('\n')}

Not served: ${missing.join(', ')}.

What differs from Apache Kafka in the APIs above is said in the [broker's README](../../packages/broker/README.md).
`
}
