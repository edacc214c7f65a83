import { cases as plainCases } from '../../conformance/clients/cases/index.ts'
import { securityCases } from '../../conformance/clients/cases/security.ts'
import { differenceOf, differences, quirkOf, quirks } from '../../conformance/clients/differences.ts'
import { type Client, clients, lacking } from '../../conformance/clients/programs/catalogue.ts'

const cases = [...plainCases, ...securityCases]

/** `docs/reference/client-compatibility.md`: what `conformance/clients` runs and compares, from its cases and clients. */
export function clientCompatibilityPage(): string {
  const subjects = [...new Set(cases.map(({ subject }) => subject))]
  return `# Client compatibility

Foreign clients, as they are published, run the same steps on the embedded broker and on Apache Kafka 4.3, and what they see is
compared: values, offsets, names of errors, final states. \`conformance/clients\` does it in CI and fails where a client sees a
difference that this page does not state, and where it no longer sees one that it does. This page is generated from the cases by
\`npm run generate\`.

| Client | Language | Version |
|---|---|---|
${clients.map(({ name, language, version }) => `| ${name} | ${language} | ${version} |`).join('\n')}

**=** the client sees the same on both; **≠** it sees a difference, see [below](#differences); **q** it sees the same on both, which is
not what the case is about, see [below](#what-a-client-does-on-any-broker); **·** the client has it not, see
[below](#what-a-client-has-not). In addition every client reads what every other wrote, with each codec that both have.

${subjects.map(section).join('\n')}
## Differences

${differences.map(({ case: name, clients: who, why }) => `- ${name} (${who?.join(', ') ?? 'all clients'}): ${why}`).join('\n')}

## What a client does on any broker

${quirks.map(({ client, case: name, why }) => `- ${client}, ${name}: ${why}.`).join('\n')}

## What a client has not

${clients.map(lacks).join('\n')}
`
}

function section(subject: string): string {
  const rows = cases
    .filter((one) => one.subject === subject)
    .map((one) => `| ${one.name} | ${clients.map((client) => sign(client, one)).join(' | ')} |`)
  const head = `| Case | ${clients.map(({ name }) => name).join(' | ')} |\n|---|${clients.map(() => ':-:').join('|')}|`
  return `## ${subject[0]?.toUpperCase()}${subject.slice(1)}\n\n${head}\n${rows.join('\n')}\n`
}

function sign(client: Client, one: (typeof cases)[number]): string {
  if (lacking(client, one.needs) !== undefined) return '·'
  if (differenceOf(client.name, one.name) !== undefined) return '≠'
  return quirkOf(client.name, one.name) === undefined ? '=' : 'q'
}

/** One line for a client, reasons that several things share told once. */
function lacks({ name, lacks: all }: Client): string {
  const byReason = new Map<string, string[]>()
  for (const [what, reason] of Object.entries(all as Readonly<Record<string, string>>))
    byReason.set(reason, [...(byReason.get(reason) ?? []), what])
  const reasons = [...byReason].map(([reason, what]) => `${what.join(', ')} (${reason})`)
  return `- ${name}: ${reasons.length === 0 ? 'nothing' : reasons.join('; ')}.`
}
