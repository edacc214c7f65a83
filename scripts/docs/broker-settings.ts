import {
  brokerConfigDefinitions,
  type ConfigDefinition,
  coarserNames,
  perListener,
  perMechanism,
  pointlessSettings,
  saidOtherwise,
} from '@millrace/broker/internal'

/** `docs/reference/broker-settings.md`: every setting of the embedded broker, from the definitions it checks them with. */
export function brokerSettingsPage(): string {
  const coarser = Object.entries(coarserNames).map(([name, { name: finest }]) => `\`${name}\` sets \`${finest}\``)
  const otherwise = Object.entries(saidOtherwise).map(([name, what]) => `\`${name}\` (${cell(what)})`)
  const pointless = pointlessSettings.map(
    ({ why, beginnings }) =>
      `- Because ${why}: ${beginnings.map((start) => `\`${start}${start.endsWith('.') ? '*' : ''}\``).join(', ')}`,
  )
  return `# Settings of the embedded broker

Under Kafka's names: \`--config name=value\`, \`--config-file server.properties\`, or \`config\` of \`startBroker\`. Where a default is not
Kafka's, the last column says so. Those marked "at start" cannot be altered while the broker runs. What one topic can set for itself goes
by the topic's name of it. This page is generated from the code by \`npm run generate\`.

| Setting | Type | Default | At start | What it does here |
|---|---|---|---|---|
${rows(brokerConfigDefinitions)}

Kafka's coarser names: ${coarser.join(', ')}.

## Of one listener

With \`listener.name.<listener>.\` in front, these are of one listener alone: ${names(perListener)}. With the mechanism behind it,
as in \`listener.name.external.plain.sasl.jaas.config\`, those of SASL are of one mechanism; this one exists only so:

| Setting | Type | Default | At start | What it does here |
|---|---|---|---|---|
${rows(perMechanism)}

## Settings of Apache Kafka that are not here

A broker given a setting that it does not know does not start. Said otherwise here: ${otherwise.join(', ')}. To be taken out:

${pointless.join('\n')}
`
}

function rows(definitions: readonly ConfigDefinition[]): string {
  return [...definitions]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, defaultValue, documentation, fixed }) => {
      const fallback = defaultValue === '' ? '' : `\`${cell(defaultValue)}\``
      return `| \`${name}\` | ${type} | ${fallback} | ${fixed ? 'at start' : ''} | ${cell(documentation)} |`
    })
    .join('\n')
}

function names(definitions: readonly ConfigDefinition[]): string {
  return definitions.map(({ name }) => `\`${name}\``).join(', ')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
