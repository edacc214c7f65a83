import { handlers } from '@millrace/broker/internal'
import { apis } from '@millrace/protocol'
import { controllerApis, unservedApis } from './broker-unserved.ts'
import { untested } from './broker-untested.ts'
import { versionChanges } from './broker-versions.ts'
import { kipTitles } from './kips.ts'

const byKey = [...handlers].sort((a, b) => a.api.key - b.api.key)

/** `docs/reference/broker.md`: API by API, version by version, KIP by KIP, from the handlers that state them. */
export function brokerPage(): string {
  return `# The embedded broker: what it serves

One node, by design; a cluster is Apache Kafka's job. Versions outside the range are refused, and ApiVersions names exactly these
ranges, since both come from the handlers. "Kafka 4.3" is what its message definitions list, unstable versions included. This page is
generated from the code by \`npm run generate\`.

On this page: [the APIs](#apis), [those not served](#apis-not-served), [what no test shows](#what-no-test-shows), [the KIPs](#kips), and [version by version](#version-by-version):
${byKey.map(jump).join(', ')}.

## APIs

| Key | API | Served versions | Kafka 4.3 | Left out |
|---|---|---|---|---|
${servedRows().join('\n')}

What else differs from Apache Kafka in these APIs is said in the [broker's README](../../packages/broker/README.md).

## APIs not served

ApiVersions does not list these, and a request for one closes its connection, as Apache Kafka does it.

| Key | API | Why |
|---|---|---|
${unservedRows().join('\n')}

Never on a broker's listener, in Apache Kafka neither: ${controllerApis.map(([key, name]) => `${name} (${key})`).join(', ')}. They
belong to the controllers' quorum and to brokers that register with it.

## What no test shows

What cannot be tested on one machine, and what stands for it. All else is in [How the broker is tested](../explanation/broker-tests.md).

| What | Why not | What stands for it |
|---|---|---|
${untested.map(({ what, why, instead }) => `| ${what} | ${why} | ${instead} |`).join('\n')}

## KIPs

The part of a proposal that concerns the protocol of these APIs.

| KIP | What it is about | APIs |
|---|---|---|
${kipRows().join('\n')}

## Version by version

What each version's messages have that the one before had not, from Kafka's own definitions. A version without a line changed only
what values mean, for example which error codes may come.

${byKey.map(versionSection).join('\n\n')}
`
}

function jump({ api }: (typeof byKey)[number]): string {
  return `[${api.name}](#${api.name.toLowerCase()}-${api.key})`
}

function servedRows(): string[] {
  return byKey.map(({ api, versions: [min, max], leftOut }) => {
    const { validVersions } = api.request
    return `| ${api.key} | ${api.name} | ${min} to ${max} | ${validVersions.min} to ${validVersions.max} | ${leftOut ?? ''} |`
  })
}

function unservedRows(): string[] {
  const served = new Set(byKey.map((one) => one.api.key))
  return Object.values(apis)
    .filter((api) => !served.has(api.key))
    .sort((a, b) => a.key - b.key)
    .map((api) => `| ${api.key} | ${api.name} | ${unservedApis[api.name] ?? ''} |`)
}

function kipRows(): string[] {
  const served = new Map<number, string[]>()
  for (const { api, kips = [] } of byKey) {
    for (const kip of kips) served.set(kip, [...(served.get(kip) ?? []), `${api.name} (${api.key})`])
  }
  return [...served]
    .sort(([a], [b]) => a - b)
    .map(([kip, names]) => `| KIP-${kip} | ${kipTitles[kip] ?? ''} | ${names.join(', ')} |`)
}

function versionSection({ api, versions: [min, max], kips = [] }: (typeof byKey)[number]): string {
  const lines: string[] = []
  for (let version = min; version <= max; version++) {
    if (version === min) lines.push(`- v${version}: first served`)
    else {
      const changes = versionChanges(api, version)
      if (changes.length > 0) lines.push(`- v${version}: ${changes.join('; ')}`)
    }
  }
  const proposals = kips.length > 0 ? ` (${kips.map((kip) => `KIP-${kip}`).join(', ')})` : ''
  return `### ${api.name} (${api.key})\n\nv${min} to v${max}${proposals}\n\n${lines.join('\n')}`
}
